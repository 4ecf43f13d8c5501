"""A conversation that a tiny model learns in seconds: say each word that you hear."""

import random

from signpost import Signs

from arlarena_bench import ArenaError, Demonstrator, TextEnv, register_text_env
from arlarena_bench.protocol.reply import Reply, ReplyFormat
from arlarena_bench.recipe import Recipe, parse_recipe

ID = "tests/Relay-v0"
WORDS = ("ant", "bee", "cat", "dog", "elk", "fox")


class Spoken(ReplyFormat):
    """`I say <word>.`; what follows the full stop does not count."""

    closes = True

    def parse(self, text: str) -> Reply:
        words = text.partition(".")[0].split()
        valid = words[:2] == ["I", "say"] and len(words) == 3
        return Reply(words[-1] if words else "", "", valid)

    def write(self, thought: str, command: str) -> str:
        return f"I say {command} ."

    def complete(self, text: str) -> bool:
        return "." in text


class Speaker(Demonstrator):
    env: "Relay"

    def oracle(self) -> list[str]:
        return [] if self.env.terminated else self.env.words[len(self.env.said) :]

    def noise(self, rng: random.Random) -> list[str]:
        return [rng.choice(WORDS)]


class Relay(TextEnv):
    """A task is `split/word/word/…`; another word ends the episode, silence makes it void."""

    reply_format = Spoken()
    transcript = True
    demonstrator_class = Speaker

    def __init__(self, *, words: int = 2, render_mode: str | None = None) -> None:
        super().__init__(tasks=Signs("relay", words), horizon=words, render_mode=render_mode)
        self.words: list[str] = []
        self.said: list[str] = []

    def load(self, task_id: str) -> None:
        split, *words = task_id.split("/")
        if split not in ("train", "validation", "test") or not set(words) <= set(WORDS):
            raise ArenaError(f"no relay task {task_id!r}")
        self.words, self.said = words, []

    def observe(self) -> str:
        place = len(self.said)
        return f" hear {self.words[place]} " if place < len(self.words) else " end "

    def act(self, command: str) -> float:
        self.said.append(command)
        return float(self.success)

    @property
    def instruction(self) -> str:
        return "say what you hear"

    @property
    def success(self) -> bool:
        return self.said == self.words

    @property
    def terminated(self) -> bool:
        return self.success or self.said != self.words[: len(self.said)]

    @property
    def void(self) -> bool:
        return "" in self.said

    @property
    def measures(self) -> dict[str, float]:
        return {"said": float(len(self.said))}


register_text_env(ID, f"{__name__}:Relay")


def relay_recipe(**changes: object) -> Recipe:
    """A recipe that clones and trains on the relay in a few seconds."""
    recipe = parse_recipe(
        {
            "name": "tiny",
            "environment": {"id": ID, "name": "relay"},
            "protocol": {"history": 0, "template": {"first": "{observation}"}},
            "model": {"hidden_size": 32, "layers": 2, "heads": 2, "intermediate_size": 64},
            "tokenizer": {"pattern": r"[a-zA-Z]+|\."},
            "cloning": {
                "episodes": 200,
                "batch_size": 32,
                "clean_steps": 160,
                "learning_rate": 1e-2,
                "warmup": 10,
                "noisy_steps": 30,
                "noisy_learning_rate": 3e-3,
                "label_noise": 0.6,
            },
            "method": {"name": "grpo"},
            "train": {
                "iterations": 12,
                "groups": 8,
                "group_size": 8,
                "minibatches": 2,
                "learning_rate": 3e-3,
                "warmup": 4,
                "checkpoint_every": 2,
            },
            "evaluation": {"every": 3, "validation_tasks": 64, "test_tasks": 64},
        },
        "relay",
    )
    return recipe.with_values(changes)
