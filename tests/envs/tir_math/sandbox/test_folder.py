import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arlarena_bench.envs.tir_math.sandbox.inside.folder import remove

NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder of a user whom permissions bind, which root is not."""
    # Not below pytest's own, which nobody else may enter.
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    if folder.exists():
        for path in folder.iterdir():
            path.chmod(0o700)
        remove(str(folder))


def as_another(work: Callable[[], None]) -> None:
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_is_closed_to_us_stays_and_the_rest_goes(place: Path) -> None:
    def work() -> None:
        for name in ("a", "closed", "z/read-only/inner"):
            (place / name).mkdir(parents=True)
            (place / name / "file").touch()
        (place / "z/read-only").chmod(0o400)
        (place / "closed").chmod(0o000)
        remove(str(place))

    as_another(work)
    assert [path.name for path in place.iterdir()] == ["closed"]


def test_a_link_is_removed_and_not_followed(place: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    (place / "folder").symlink_to(tmp_path)
    (place / "file").symlink_to(kept)
    remove(str(place))
    assert kept.exists()
    assert not place.exists()
