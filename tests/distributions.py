"""Distributions as pip installs them, in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

GROUPS = {
    "checks": "arlarena_bench.checks",
    "environments": "gymnasium.envs",
    "methods": "arlarena_bench.methods",
    "recipes": "arlarena_bench.recipes",
}


def install(site: Path, name: str, files: dict[str, str], **entry_points: str) -> None:
    """Put a distribution into `site`: its files, and `group="name = module:attribute"`."""
    for file, text in files.items():
        path = site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sections = [f"[{GROUPS[group]}]\n{lines}\n" for group, lines in entry_points.items()]
    install_metadata(site, name, "\n".join(sections))


def install_metadata(site: Path, name: str, entry_points: str) -> None:
    """Put only what says that a distribution is installed into `site`."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def run_with(site: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with the distributions of `site` installed beside ours."""
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )
