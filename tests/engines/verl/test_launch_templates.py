"""What is offered to start a run with is a command that there is."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from arlarena_bench.cli import app

FOLDER = Path(__file__).parents[3] / "docs" / "launch"
TEMPLATES = sorted(FOLDER.iterdir())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_trains_on_verl(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        task = yaml.safe_load(text)
        text = f"{task['setup']}\n{task['run']}"
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    joined = text.replace("\\\n", " ")
    # Shell's own: what it would fill in, and what it may add.
    joined = re.sub(r"\$\(\[.*?--resume\)", "--resume", joined).replace("$SLURM_NNODES", "2")
    (line,) = re.findall(r"arlarena train .*", joined)
    train = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    given = train.make_context("train", shlex.split(line)[2:]).params
    assert given["engine"] == "verl"
    assert given["gpus"] == 8
    assert given["resume"]
