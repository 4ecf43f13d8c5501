"""What `arlarena new` writes, where, and what is to be done next."""

import keyword
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

import gymnasium as gym

from arlarena_bench.environment_names import environment_names, letters
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_whole
from arlarena_bench.plugins import METHODS, OURS, plugins

LONGEST_NAME = 30
# What commands, pytest, folders and the names in what is written mean by them.
RESERVED = ("all", "arena", "conftest", "dataclass", "recipes", "replace", "tests", "text")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_METHODS_TABLE = '[project.entry-points."arlarena_bench.methods"]'
_DATA_TABLE = "[tool.setuptools.package-data]"
_PACKAGES = "packages = ["


@dataclass
class Scaffold:
    """Files that are to be written.

    Attributes:
        new: Content by path; none of these may exist.
        edited: New content of files that exist.
        following: Commands to go on with, in their order.
    """

    new: dict[Path, str]
    edited: dict[Path, str] = field(default_factory=dict)
    following: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Write all of it, or nothing.

        Raises:
            ArenaError: If a file exists already, or one cannot be written.
        """
        for path in self.new:
            if path.exists() or path.is_symlink():
                raise ArenaError(f"{path} exists; choose another name, or another --out")
        before = {path: path.read_bytes() for path in self.edited}
        folders = [f for path in self.new for f in path.parents if not f.exists()]
        written = []
        try:
            for path, text in (self.new | self.edited).items():
                write_whole(path, text)
                written.append(path)
        except ArenaError:
            for path in written:
                if path in before:
                    write_whole(path, before[path])
                else:
                    path.unlink()
            for folder in sorted(set(folders), reverse=True):
                with suppress(OSError):  # it was not made, or somebody has put something in it
                    folder.rmdir()
            raise


def clone_root(place: Path) -> Path | None:
    """Return the clone of this project that a folder lies in, None outside of one."""
    for folder in (place, *place.parents):
        try:
            project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if project.get("project", {}).get("name") == OURS and (folder / "envs").is_dir():
            return folder
    return None


def new_method(name: str, out: Path | None, clone: Path | None) -> Scaffold:
    """Return the files of a method.

    Args:
        name: Its name.
        out: The folder for its two files; None for where a clone keeps its methods, or here.
        clone: The clone of this project that the command was given in.

    Raises:
        ArenaError: If the name cannot be one, or is taken.
    """
    _check_name("method", name)
    if name in {plugin.name for plugin in plugins(METHODS)}:
        raise ArenaError(f"method {name} is installed; choose another name")
    grpo = "grpo import grpo\n"
    words = {"name": name, "stem": _stem(name)}
    if out is not None or clone is None:
        folder = out or Path()
        words |= {
            "absolute": f"from arlarena_bench.baselines.{grpo}",
            "relative": "",
            "factory": "method",
            "path_import": "from pathlib import Path\n\n",
            "method_import": "",
            "made": f'arena.method(str(Path(__file__).with_name("{name}.py")))',
        }
        source, test = folder / f"{name}.py", folder / f"test_{name}.py"
        edited, subject, setup = {}, shlex.quote(source.as_posix()), []
    else:
        words |= {
            "absolute": "",
            "relative": f"\nfrom .{grpo}",
            "factory": name,
            "path_import": "",
            "method_import": f"from arlarena_bench.baselines.{name} import {name}\n",
            "made": f"{name}()",
        }
        source = clone / "baselines" / f"{name}.py"
        test = clone / "tests" / "baselines" / f"test_{name}.py"
        entry = f'{name} = "arlarena_bench.baselines.{name}:{name}"'
        edited = _edited(
            clone / "pyproject.toml", lambda text: _in_table(text, _METHODS_TABLE, entry)
        )
        subject, setup = name, ["make setup"]
    return Scaffold(
        {source: _filled("method/method.py", words), test: _filled("method/test.py", words)},
        edited,
        [
            _line("pytest", test),
            *setup,
            f"arlarena bench --preset nano --env sokoban --method grpo,{subject} --seeds 1 "
            f"--set train.iterations=3 --out runs/{name}",
        ],
    )


def new_environment(name: str, out: Path | None, clone: Path | None) -> Scaffold:
    """Return the files of an environment: a package of its own, or a folder of a clone.

    Args:
        name: Its name.
        out: The folder for its package; None for where a clone keeps its environments, or here.
        clone: As of `new_method`.

    Raises:
        ArenaError: If the name cannot be one, or is taken.
    """
    _check_name("environment", name)
    taken = [short for short in environment_names() if letters(short) == letters(name)]
    taken += [spec.namespace for spec in gym.registry.values() if spec.namespace == name]
    if taken:
        raise ArenaError(f"environment {taken[0]} is installed; choose another name")
    if out is not None or clone is None:
        return _package(name, (out or Path()) / name)
    return _folder_of_clone(name, clone)


def _package(name: str, top: Path) -> Scaffold:
    if top.exists():
        raise ArenaError(f"{top} exists; choose another name, or another --out")
    stem, package = _stem(name), top / name
    words = _words(name, name, name) | {
        "up": "1",
        "recipe": f"{name}/recipes/tiny.{name}.yaml",
        "namespace_import": "from gymnasium.envs.registration import namespace\n",
        "own_import": "",
        "package_import": f"\nfrom {name} import register\nfrom {name}.env import {stem}Env\n",
        "registered": "if ID not in gym.registry:  # it is not installed\n"
        f'    with namespace("{name}"):\n        register()\n\n',
    }
    words["register"] = _filled("environment/register.py", words)
    new = _dynamics(package, words)
    new[package / "recipes" / "__init__.py"] = _filled("environment/recipes.py", words)
    new[package / "recipes" / f"tiny.{name}.yaml"] = _filled("environment/recipe.yaml", words)
    new[top / "README.md"] = _filled("environment/README.md", words)
    new[top / "pyproject.toml"] = _filled("environment/pyproject.toml", words)
    new[top / "tests" / f"test_{name}.py"] = _filled("environment/test.py", words)
    install = _line("python -m pip install --quiet --no-deps --no-build-isolation -e", top)
    return Scaffold(new, following=[_line("pytest", top), install, *_use(name)])


def _folder_of_clone(name: str, clone: Path) -> Scaffold:
    stem, package = _stem(name), f"arlarena_bench.envs.{name}"
    words = _words(name, package, "arlarena") | {
        "up": "3",
        "recipe": f"baselines/recipes/tiny.{name}.yaml",
        "namespace_import": "",
        "own_import": f"from {package}.env import {stem}Env\n",
        "package_import": "",
        "registered": "",
        "register": "",
    }
    folder = clone / "envs" / name
    new = _dynamics(folder, words)
    recipe = clone / "baselines" / "recipes" / f"tiny.{name}.yaml"
    test = clone / "tests" / "envs" / name / "test_env.py"
    new[recipe] = _filled("environment/recipe.yaml", words)
    new[folder / "README.md"] = _filled("environment/README.md", words)
    new[test] = _filled("environment/test.py", words)
    call = (
        f'    register_text_env(\n        "{stem}-v0",\n        "{package}.env:{stem}Env",\n'
        f'        short_name="{name}",\n        max_episode_steps=8,\n    )\n'
    )

    def listed(text: str) -> str:
        return _in_table(_in_packages(text, package), _DATA_TABLE, f'"{package}" = ["README.md"]')

    edited = _edited(clone / "pyproject.toml", listed)
    edited |= _edited(clone / "envs" / "__init__.py", lambda text: text + call)
    return Scaffold(new, edited, [_line("pytest", test), *_use(name)])


def _line(command: str, path: Path) -> str:
    return f"{command} {shlex.quote(path.as_posix())}"


def _use(name: str) -> list[str]:
    return [
        f"arlarena play {name}",
        f"arlarena bench --preset tiny --env {name} --method grpo --seeds 1 "
        f"--set train.iterations=3 --out runs/{name}",
    ]


def _words(name: str, package: str, namespace: str) -> dict[str, str]:
    return {
        "name": name,
        "stem": _stem(name),
        "title": name.replace("_", " ").capitalize(),
        "distribution": name.replace("_", "-"),
        "package": package,
        "namespace": namespace,
        "id": f"{namespace}/{_stem(name)}-v0",
    }


def _dynamics(folder: Path, words: Mapping[str, str]) -> dict[Path, str]:
    new = {folder / "__init__.py": _filled("environment/init.py", words)}
    for part in ("env", "tasks", "player", "view"):
        new[folder / f"{part}.py"] = _filled(f"environment/{part}.py", words)
    return new


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ArenaError(
            f"{name!r} is no name for a {kind}: lower-case letters and digits, parts joined by _, "
            f"a letter first, at most {LONGEST_NAME} characters"
        )
    if keyword.iskeyword(name) or name in RESERVED or name.startswith("test_"):
        raise ArenaError(f"{name!r} means something else already; choose another name")
    if find_spec(name) is not None:
        raise ArenaError(f"{name!r} is an installed Python module; choose another name")


def _stem(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _filled(template: str, words: Mapping[str, str]) -> str:
    source = files(__package__) / "templates" / f"{template}.in"
    return Template(source.read_text(encoding="utf-8")).substitute(words)


def _edited(path: Path, edit: Callable[[str], str]) -> dict[Path, str]:
    try:
        return {path: edit(path.read_text(encoding="utf-8"))}
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from None


def _in_table(text: str, header: str, line: str) -> str:
    """Return TOML with a line added at the end of a table."""
    before, found, rest = text.partition(f"{header}\n")
    if not found:
        raise ArenaError(f"pyproject.toml has no {header}; add {line!r} where it belongs")
    table, end, after = rest.partition("\n\n")
    return f"{before}{found}{table}\n{line}{end}{after}"


def _in_packages(text: str, package: str) -> str:
    """Return TOML with a package in its place among those that are listed."""
    before, found, rest = text.partition(f"{_PACKAGES}\n")
    if not found:
        raise ArenaError(f"pyproject.toml has no list of packages; add {package!r} to it")
    listed, end, after = rest.partition("]\n")
    lines = sorted([*listed.splitlines(), f'    "{package}",'])
    return before + found + "\n".join(lines) + "\n" + end + after
