"""What runs inside the process of a former release; every import is of its code."""

import json
import sys
from pathlib import Path

from arlarena_bench import load_recipe
from arlarena_bench.training.loop import Trainer


def main() -> None:
    """Run the iterations whose numbers come in, and write what each has taken."""
    told = json.loads(sys.argv[1])
    recipe = load_recipe(told["preset"], told["environment"]).for_run(told["method"], told["seed"])
    known = type(recipe.train).model_fields
    train = {f"train.{name}": value for name, value in told["train"].items() if name in known}
    recipe = recipe.with_values({**train, "method.options": {}, "evaluation.every": 1000})
    trainer = Trainer(recipe, Path(told["start"]))
    for line in sys.stdin:
        metrics, seconds = trainer.step(int(line))
        turns = metrics["length/train"] * recipe.train.groups * recipe.train.group_size
        print(json.dumps({"seconds": seconds, "turns": turns}), flush=True)


if __name__ == "__main__":
    main()
