"""A game that a tiny model learns in seconds: do what the sign says."""

import random

from arlarena_bench import ArenaError, Demonstrator, Panel, TaskSet, TextEnv, register_text_env
from arlarena_bench.recipe import Recipe, parse_recipe

ID = "tests/Signpost-v0"
WORDS = ("ant", "bee", "cat", "dog", "elk", "fox")


class Signs(TaskSet):
    """Rows of words; training draws any, under an id of its own split."""

    def __init__(self, name: str, words: int) -> None:
        super().__init__(name)
        self.words = words

    def digests(self, split: str) -> dict[str, str]:
        return {task: task.partition("/")[2] for task in self._rows(split)}

    def panel(self, split: str) -> Panel:
        # There are fewer rows than tasks to be played: some come twice.
        return Panel(f"{self.name}/{split}", split, tuple(self._rows(split)), "0" * 64)

    def _rows(self, split: str) -> list[str]:
        rng = random.Random(split)
        return ["/".join([split, *rng.choices(WORDS, k=self.words)]) for _ in range(64)]

    def draw(self, rng: random.Random) -> str:
        return "/".join(["train", *rng.choices(WORDS, k=self.words)])


class Reader(Demonstrator):
    env: "Signpost"

    def oracle(self) -> list[str]:
        return self.env.words[self.env.done :]


class Signpost(TextEnv):
    """A task is `split/word/word/…`: obey that many signs; a mistake leaves the sign standing."""

    demonstrator_class = Reader

    def __init__(self, *, signs: int = 2, horizon: int = 4, render_mode: str | None = None) -> None:
        super().__init__(tasks=Signs("signpost", signs), horizon=horizon, render_mode=render_mode)
        self.words: list[str] = []
        self.done = 0

    def load(self, task_id: str) -> None:
        split, *words = task_id.split("/")
        if split not in ("train", "validation", "test") or not set(words) <= set(WORDS):
            raise ArenaError(f"no signpost task {task_id!r}")
        self.words, self.done = words, 0

    def observe(self) -> str:
        return f"sign {self.words[self.done]}" if not self.success else "home"

    def act(self, command: str) -> float:
        if self.success or command != self.words[self.done]:
            return -0.1
        self.done += 1
        return 10.0 if self.success else 0.0

    @property
    def instruction(self) -> str:
        return "do what the signs say"

    @property
    def success(self) -> bool:
        return self.done == len(self.words)

    def anchor(self) -> str:
        return f"{self.done} {self.observe()}"

    def admissible_actions(self) -> list[str]:
        return list(WORDS)


register_text_env(ID, f"{__name__}:Signpost")


def signpost_recipe(**changes: object) -> Recipe:
    """A recipe that clones and trains on the signpost game in a few seconds."""
    recipe = parse_recipe(
        {
            "name": "tiny",
            "environment": {"id": ID, "name": "signpost"},
            "protocol": {"history": 0, "template": {"first": "{observation}"}},
            "model": {"hidden_size": 32, "layers": 1, "heads": 2, "intermediate_size": 64},
            "tokenizer": {"pattern": "<[^>]+>|[a-z]+"},
            "cloning": {
                "episodes": 200,
                "batch_size": 32,
                "clean_steps": 60,
                "learning_rate": 1e-2,
                "warmup": 10,
                "noisy_steps": 30,
                "noisy_learning_rate": 3e-3,
                "label_noise": 0.8,
            },
            "method": {"name": "grpo"},
            "train": {
                "iterations": 6,
                "groups": 4,
                "group_size": 4,
                "minibatches": 2,
                "learning_rate": 3e-3,
                "warmup": 4,
                "checkpoint_every": 2,
            },
            "evaluation": {"every": 3, "validation_tasks": 64, "test_tasks": 64},
        },
        "signpost",
    )
    return recipe.with_values(changes)
