"""Prompts and conversations under chat templates of several kinds."""

from pathlib import Path

import pytest
from tiny_models import write_model

from arlarena_bench import ArenaError
from arlarena_bench.episode import Generation
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import ChatSection

PLAIN = "{% for m in messages %}[{{ m.role }}] {{ m.content }} # {% endfor %}[assistant]"
# As Gemma's, which knows no system, and as Qwen3's, whose switch closes thoughts before any.
WITHOUT_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}" + PLAIN
)
SILENT = PLAIN.replace("messages", "messages[-1:]")
SWITCH = PLAIN + "{% if enable_thinking is false %} <think> </think>{% endif %}"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    return LanguageModel.load(write_model(tmp_path_factory.mktemp("model"), "LlamaForCausalLM"))


def chatting(loaded: LanguageModel, template: str | None, /, **settings: object) -> LanguageModel:
    """The model with a template of its own."""
    loaded.tokenizer.chat_template = template
    return LanguageModel(loaded.model, loaded.tokenizer, ChatSection(**settings))  # type: ignore[arg-type]


def text(model: LanguageModel, prompt: str = "push") -> str:
    said: list[str] = []
    apply = model.tokenizer.apply_chat_template

    def told(messages, **form):  # what the template makes, before words are cut
        chat = messages[0] if isinstance(messages[0], list) else messages
        said.append(apply(chat, **(form | {"tokenize": False})))
        return apply(messages, **form)

    model.tokenizer.apply_chat_template = told
    try:
        model.encode([prompt])
    finally:
        model.tokenizer.apply_chat_template = apply
    return said[-1]


@pytest.mark.parametrize(
    ("template", "settings", "expected"),
    [
        (PLAIN, {}, "[user] push # [assistant]"),
        (PLAIN, {"system": "box"}, "[system] box # [user] push # [assistant]"),
        (WITHOUT_SYSTEM, {"system": "box"}, "[user] box\n\npush # [assistant]"),
        (SILENT, {"system": "box"}, "[user] box\n\npush # [assistant]"),
        (SWITCH, {}, "[user] push # [assistant] <think> </think>"),
        (SWITCH, {"thinking": True}, "[user] push # [assistant]"),
        (None, {"template": PLAIN}, "[user] push # [assistant]"),
        (SWITCH, {"template": PLAIN}, "[user] push # [assistant]"),
    ],
)
def test_a_prompt_is_put_into_the_template(
    loaded: LanguageModel, template: str | None, settings: dict[str, object], expected: str
) -> None:
    assert text(chatting(loaded, template, **settings)) == expected


def test_a_conversation_keeps_its_tokens_whatever_opened_it(loaded: LanguageModel) -> None:
    model = chatting(loaded, SWITCH, system="box")
    (prompt,) = model.encode(["push"])
    end = model.end_ids[0]
    turn = Generation("", prompt, (7, 8, end))
    on = model.extend(turn, "up")
    assert on[: len(prompt) + 3] == (*prompt, 7, 8, end)
    added = model.tokenizer(" # [user] up # [assistant] <think> </think>", add_special_tokens=False)
    assert list(on[len(prompt) + 3 :]) == added["input_ids"]


@pytest.mark.parametrize("settings", [{"thinking": True}, {"system": "box"}])
def test_what_needs_a_template_and_has_none_is_one_line(
    loaded: LanguageModel, settings: dict[str, object]
) -> None:
    with pytest.raises(ArenaError, match=r"has no chat template; give one as protocol\.chat\.t"):
        chatting(loaded, None, **settings)


def test_an_exported_model_keeps_the_template_that_it_was_trained_with(
    loaded: LanguageModel, tmp_path: Path
) -> None:
    chatting(loaded, None, template=PLAIN).save(tmp_path)
    assert text(LanguageModel.load(tmp_path)) == "[user] push # [assistant]"


def test_a_prompt_above_the_limit_loses_its_middle(loaded: LanguageModel) -> None:
    words = "box wall push left right up down think action agent"
    whole = chatting(loaded, None).encode([words])[0]
    limited = chatting(loaded, None, max_prompt_tokens=5)
    assert limited.encode([words]) == [(*whole[:2], *whole[-3:])]
    assert limited.encode(["box"]) == chatting(loaded, None).encode(["box"])
    asks = [Ask(words), Ask("box")]
    long, short = limited.sample(asks, Sampling(2, temperature=0), [])
    assert (long.prompt_ids, long.cut) == ((*whole[:2], *whole[-3:]), len(whole) - 5)
    assert short.cut == 0
    on = limited.sample([Ask(words, long, words)], Sampling(2, temperature=0), [])[0]
    assert on.prompt_ids[: len(long.prompt_ids)] == long.prompt_ids
    assert len(on.prompt_ids) > 5
    assert on.cut == 0
