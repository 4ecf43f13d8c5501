"""What of this machine's disk the sandbox may read: the interpreter and a few libraries."""

import glob
import os
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from .inside.namespaces import Disk

FOLDER = "/sandbox"
PACKAGES = ("sympy", "mpmath", "numpy", "gmpy2")
# Imported before the first call: of Python's own those that mathematics reaches for.
MODULES = (
    "array", "bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal",
    "enum", "fractions", "functools", "heapq", "inspect", "io", "itertools", "json", "math",
    "numbers", "operator", "pprint", "queue", "random", "re", "statistics", "string", "textwrap",
    "threading", "time", "traceback", "typing", "warnings", "numpy", "mpmath", "sympy",
)  # fmt: skip
# sympy imports and caches much at its first use, which every call would pay again.
WARM = """
import sympy as s
x, y = s.symbols("x y")
n = s.Symbol("n", integer=True, positive=True)
p = x**2 - 5*x + 6
s.solve(p, x), s.solve([x + y - 3, x - y - 1], [x, y]), s.factor(p), s.expand((x + 1)**3)
s.simplify(s.sin(x)**2 + s.cos(x)**2), s.diff(s.exp(x), x), s.integrate(x * s.exp(x), (x, 0, 1))
s.limit(s.sin(x) / x, x, 0), s.summation(n, (n, 1, 10)), s.Rational(1, 3) + s.sqrt(2) * s.pi
s.factorint(2**31 - 2), s.isprime(10**9 + 7), s.divisors(60), s.totient(36), s.binomial(9, 3)
s.Matrix([[1, 2], [3, 4]]).det(), s.N(s.pi, 20), s.Poly(p, x).all_roots(), s.nsimplify(0.5)
s.latex(p / y), str(p / y), s.sympify("x + 1/2"), s.gcd(12, 18), s.roots(p), s.series(s.exp(x), x)
"""


def interpreter() -> str:
    """Return the interpreter that this one's virtual environment is made of."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def package_folders() -> list[Path]:
    """Return where the packages lie that the sandbox offers, with the libraries they bring."""
    folders = []
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            folder = Path(spec.submodule_search_locations[0])
            folders += [folder, *folder.parent.glob(f"{name}.libs")]
    return folders


@cache
def closed_to_others() -> dict[str, str]:
    """Return which folders of the library and the packages only root can read.

    An interpreter in root's home is an example. Anybody else runs code as himself, and has none.

    Returns:
        Each folder, by the place of its copy below a home of Python's.
    """
    if os.geteuid() != 0:
        return {}
    library = sysconfig.get_path("stdlib")
    folders = {os.path.relpath(library, os.path.realpath(sys.base_prefix)): library}
    folders |= {f"packages/{folder.name}": str(folder) for folder in package_folders()}
    return {place: folder for place, folder in folders.items() if not _open_to_others(folder)}


def _open_to_others(folder: str) -> bool:
    path = Path(folder).resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


@cache
def visible() -> Disk:
    """Return the part of the disk that the sandbox sees.

    Nothing of this package is in it, whose panels hold answers, nor any home, nor a shell.
    """
    python = interpreter()
    prefix = os.path.realpath(sys.base_prefix)
    libraries = [path for path in ("/usr/lib", "/usr/lib64", "/usr/lib32") if os.path.isdir(path)]
    # Time zones are a part of the standard library that the system brings.
    others = ("/nix/store", "/usr/share/zoneinfo")
    libraries += [path for path in others if os.path.isdir(path)]
    libraries += _folders_of(prefix, libraries)
    binds = [(path, path) for path in libraries]
    binds += [(path, path) for path in (python, "/etc/ld.so.cache") if not _within(path, libraries)]
    links = []
    for path in ("/lib", "/lib64", "/lib32"):
        if os.path.islink(path):
            links.append((os.readlink(path), path))
        elif os.path.isdir(path):
            binds.append((path, path))
    binds.append((str(Path(__file__).parent / "inside"), f"{FOLDER}/inside"))
    binds += [(str(folder), f"{FOLDER}/packages/{folder.name}") for folder in package_folders()]
    masked = [
        found
        for library in libraries
        for kind in ("site-packages", "dist-packages")
        for found in sorted(glob.glob(f"{library}/python3*/{kind}"))
        if os.path.isdir(found) and not os.path.islink(found)
    ]
    return Disk(
        binds=[pair for pair in binds if os.path.exists(pair[0])], links=links, masked=masked
    )


def _folders_of(prefix: str, seen: list[str]) -> list[str]:
    """Return where the interpreter's own library is, if it is not among those already seen."""
    found: list[str] = []
    library = sysconfig.get_config_var("LIBDIR")
    for path in (f"{prefix}/lib", f"{prefix}/lib64", library):
        if path and os.path.isdir(path) and not _within(path, [*seen, *found]):
            found.append(path)
    return found


def _within(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
