import json
import shutil
from pathlib import Path

import pytest

from arlarena_bench.envs.alfworld.catalogue import find, generate
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.game_file import GAME_FILE
from arlarena_bench.envs.alfworld.official import OfficialGames
from arlarena_bench.errors import ArenaError

UNPLAYABLE = {
    "pick_and_place_with_movable_recep-Pen-Mug-Shelf-301/trial_T1": {},
    "pick_heat_then_place_in_recep-AppleSliced-None-Fridge-3/trial_T1": {},
    "look_at_obj_in_light-Pen-None-DeskLamp-301/trial_T9": {"solvable": False},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder laid out as the download is, with generated games in it."""
    for split, folder in (
        ("train", "train"),
        ("validation", "valid_seen"),
        ("test", "valid_unseen"),
    ):
        for number in range(3):
            task_id = f"train/{number}" if split == "train" else f"{split}/{number:04d}"
            task, _ = find(task_id)
            save(tmp_path / "json_2.1.1" / folder / f"{task}", generate(task_id))
        for name, change in UNPLAYABLE.items():
            save(tmp_path / "json_2.1.1" / folder / name, generate("train/0") | change)
    return tmp_path


def save(folder: Path, content: dict[str, object]) -> None:
    folder.mkdir(parents=True)
    (folder / GAME_FILE).write_text(json.dumps(content))
    (folder / "traj_data.json").write_text("{}")


def test_splits_become_panels(root: Path) -> None:
    games = OfficialGames(root)
    panel = games.panel("test")
    assert (panel.name, panel.split) == ("alfworld-official/test", "test")
    assert len(panel.task_ids) == 3
    assert list(panel.task_ids) == sorted(panel.task_ids)
    assert not any(name in task_id for name in UNPLAYABLE for task_id in panel.task_ids)
    assert games.panel("validation").digest != panel.digest


def test_panels_do_not_depend_on_where_the_data_is(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "somewhere movable" / "Sliced"
    shutil.copytree(root / "json_2.1.1", elsewhere)
    panel = OfficialGames(elsewhere).panel("test")
    assert panel == OfficialGames(root).panel("test")
    changed = elsewhere / "valid_unseen" / panel.task_ids[0].removeprefix("test/") / GAME_FILE
    changed.write_text(changed.read_text().replace("household", "house"))
    shutil.copytree(elsewhere, tmp_path / "copy")
    assert OfficialGames(tmp_path / "copy").panel("test").digest != panel.digest


def test_they_are_played(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALFWORLD_DATA", str(root))
    env = AlfworldEnv(data="$ALFWORLD_DATA", verb="put")
    assert env.reset(seed=1)[1]["task_id"] in env.tasks.panel("train").task_ids
    for task_id in env.tasks.panel("validation").task_ids:
        env.reset(options={"task_id": task_id})
        for command in env.demonstrator.oracle():
            *_, info = env.step(command)
        assert info["success"]


def test_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArenaError, match=r"no ALFWorld data at .*json_2\.1\.1/valid_unseen"):
        OfficialGames(tmp_path)
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    with pytest.raises(ArenaError, match="environment variable is not set"):
        OfficialGames("$ALFWORLD_DATA")


def test_a_folder_without_games(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(ArenaError, match=r"no game \(game\.tw-pddl\) below .*train"):
        OfficialGames(tmp_path).panel("train")
    (tmp_path / "train" / "traj_data.json").write_text("{}")
    (tmp_path / "valid_seen" / "x").mkdir(parents=True)
    (tmp_path / "valid_seen" / "x" / "traj_data.json").write_text("{}")
    with pytest.raises(ArenaError, match=r"json_2\.1\.3_tw-pddl.* are missing.*alfworld-download"):
        OfficialGames(tmp_path).panel("validation")


def test_games_of_another_version(root: Path) -> None:
    path = next((root / "json_2.1.1" / "valid_seen").rglob(f"pick_clean*/*/{GAME_FILE}"))
    content = json.loads(path.read_text())
    save(path.parent.with_name("trial_T0"), {k: v for k, v in content.items() if k != "solvable"})
    with pytest.raises(ArenaError, match=r"trial_T0.* not a game of json_2\.1\.3_tw-pddl"):
        OfficialGames(root).panel("validation")


def test_a_torn_file(root: Path) -> None:
    path = next((root / "json_2.1.1" / "valid_unseen").rglob(f"pick_clean*/*/{GAME_FILE}"))
    path.write_text(path.read_text()[:1000])
    with pytest.raises(ArenaError, match=r"not a whole game file.*alfworld-download"):
        OfficialGames(root).panel("test")


def test_what_cannot_be_played_names_its_file(root: Path) -> None:
    env = AlfworldEnv(data=root)
    task_id = env.tasks.panel("test").task_ids[0]
    path = root / "json_2.1.1" / "valid_unseen" / task_id.removeprefix("test/") / GAME_FILE
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"pddl_problem": "(define"}))
    with pytest.raises(ArenaError, match=path.parent.name) as caught:
        env.reset(options={"task_id": task_id})
    assert "\n" not in str(caught.value)
    for unknown in ("test/none", "tset/none", "", "train/0"):
        with pytest.raises(ArenaError, match="no task"):
            env.reset(options={"task_id": unknown})
    with pytest.raises(ArenaError, match="panel of alfworld-official 'tset'; did you mean 'test'"):
        env.tasks.panel("tset")
