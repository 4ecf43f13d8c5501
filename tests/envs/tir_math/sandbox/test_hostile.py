import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_code import CORPUS, Hostile
from sandboxes import DESCENDANTS_WHEN_IDLE, descendants, needs, opened

from arlarena_bench.envs.tir_math.sandbox import Sandbox

SECRET = "the-secret-of-the-test"
# What a machine under load may take on top to kill a tree of processes.
SLACK = 20.0
# And what removing thousands of folders may take on a disk that something else fills.
REMOVAL = 180.0
REPOSITORY = Path(__file__).parents[4]


@pytest.fixture(scope="module", params=["bwrap", "namespaces", "none"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    needs(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARLARENA_SECRET", SECRET)
        with opened(request.param) as sandbox:
            yield sandbox


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.txt").write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {
            "@FILE@": str(folder / "secret.txt"),
            "@FOLDER@": str(folder),
            "@REPO@": str(REPOSITORY),
            "@PID@": str(os.getpid()),
            "@PORT@": str(server.getsockname()[1]),
        }


@pytest.mark.parametrize("hostile", CORPUS, ids=[hostile.name for hostile in CORPUS])
def test_nothing_escapes_and_the_next_call_is_clean(
    box: Sandbox, words: dict[str, str], hostile: Hostile
) -> None:
    if hostile.isolated and box.isolation == "none":
        pytest.skip("limits alone do not stop this: it takes bwrap or namespaces")
    code = hostile.code
    for word, value in words.items():
        code = code.replace(word, value)
    started = time.monotonic()
    result = box.run(code, timeout=hostile.seconds)
    assert time.monotonic() - started < hostile.seconds + SLACK
    seen = result.output + result.error + result.stderr
    assert SECRET not in seen
    assert "ESCAPED" not in result.output
    assert "\n" not in result.error
    if hostile.error is not None:
        assert result.error
        assert result.error.startswith(hostile.error), result
    assert result.timed_out == result.error.startswith("TimeoutError")
    assert Path(words["@FILE@"]).read_text() == SECRET
    clean = box.run(
        "import os, random, sympy\n"
        "print(os.getcwd().startswith('/tmp'), os.listdir('.'), os.path.exists('/tmp/message'),\n"
        "      os.path.exists('/dev/shm/message'))\n"
        "print(sympy.Integer(3) + 4, 3 + 4, random.random())"
    )
    assert clean.output == "True [] False False\n7 7 0.8444218515250481\n", clean
    assert not clean.failed
    assert_nothing_is_left(box)


def assert_nothing_is_left(box: Sandbox) -> None:
    deadline = time.monotonic() + REMOVAL
    while len(left := descendants(box)) > DESCENDANTS_WHEN_IDLE[box.isolation]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(CORPUS) >= 50
    assert len({hostile.name for hostile in CORPUS}) == len(CORPUS)
