from pathlib import Path

import pytest
from relay import relay_recipe
from runs import METHOD_FILE, TINY

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.plan import (
    Request,
    RunRequest,
    is_finished,
    jobs_of,
    parse_settings,
    plan,
    plan_suite,
)
from arlarena_bench.installed import load_recipe, method_names
from arlarena_bench.training.run import Run


def request(out: Path, *methods: str, **changes: object) -> Request:
    fields = {"seeds": 2, "settings": TINY} | changes
    return Request("nano", "sokoban", methods, out=out, **fields)  # type: ignore[arg-type]


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(METHOD_FILE)
    return str(path)


def test_a_job_for_each_seed_and_method_seed_by_seed(tmp_path: Path, mine: str) -> None:
    planned = plan(request(tmp_path / "out", "grpo", mine))
    assert planned.folder == tmp_path / "out" / "nano" / "sokoban"
    assert [job.name for job in planned.jobs] == [
        "grpo seed 0", "mine (file) seed 0", "grpo seed 1", "mine (file) seed 1",
    ]  # fmt: skip
    job = planned.jobs[1]
    assert job.folder == planned.folder / "mine@file" / "seed-0"
    assert job.log == planned.folder / "mine@file" / "seed-0.log"
    assert job.recipe.train.iterations == 2
    assert job.recipe.method.source is not None


def test_the_arguments_of_a_job_resolve_to_its_recipe(tmp_path: Path, mine: str) -> None:
    for job in plan(request(tmp_path / "out", "gspo", mine)).jobs:
        words = list(job.arguments)
        value = {word: words[i + 1] for i, word in enumerate(words[:-1])}
        settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
        seed = int(value["--seed"])
        recipe = RunRequest(
            value["--preset"], None, value["--env"], value["--method"], seed, settings
        ).recipe()
        assert recipe.digest() == job.recipe.digest()


def test_a_stored_recipe_repeats_its_run_unless_told_otherwise(tmp_path: Path) -> None:
    run = (
        plan(request(tmp_path / "out", "gspo"))
        .jobs[1]
        .recipe.with_values({"method.options": {"clip_low": 0.5}})
    )
    stored = tmp_path / "recipe.yaml"
    stored.write_text(run.to_yaml())
    assert RunRequest("x", stored, "x", None, None, ()).recipe().digest() == run.digest()
    reseeded = RunRequest("x", stored, "x", None, 5, ("train.groups=3",)).recipe()
    assert (reseeded.seed, reseeded.train.groups) == (5, 3)
    assert reseeded.method == run.method
    assert RunRequest("x", stored, "x", "sapo", None, ()).recipe().method.name == "sapo"


def test_all_means_every_installed_method_in_the_papers_order(tmp_path: Path) -> None:
    planned = plan(request(tmp_path, "all", seeds=1))
    *names, control = [job.recipe.subject for job in planned.jobs]
    assert sorted(names) == method_names()
    assert names[0] == "grpo"
    assert names[-1] == "sampo"
    assert control == "grpo_x2"


def test_a_control_is_a_job_of_its_own_name(tmp_path: Path) -> None:
    planned = plan(request(tmp_path, "grpo", "grpo_x2", seeds=1))
    method, control = planned.jobs
    assert (control.name, control.folder.parent.name) == ("grpo_x2 seed 0", "grpo_x2")
    assert (method.recipe.train.groups, control.recipe.train.groups) == (2, 4)  # TINY has 2
    with Run.open(control.folder, control.recipe, resume=False):
        pass
    assert plan(request(tmp_path, "grpo", "grpo_x2")).jobs[1] == control
    stored = RunRequest("nano", control.folder / "recipe.yaml", "", None, None, ()).recipe()
    assert stored == control.recipe


@pytest.mark.parametrize(("name", "said"), [("sampo", "a method"), ("start", "a row of every")])
def test_a_control_that_calls_itself_a_method_is_refused(
    tmp_path: Path, name: str, said: str
) -> None:
    recipe = tmp_path / "mine.yaml"
    base = load_recipe("nano", "sokoban")
    controls = {name: {"method": "grpo", "times": {"groups": 2}}}
    recipe.write_text(base.with_values({"controls": controls}).to_yaml())
    with pytest.raises(ArenaError, match=f"controls.{name}: {name} is {said}.*another name"):
        plan(Request(str(recipe), "sokoban", ("grpo",), 1, tmp_path / "out"))
    with pytest.raises(ArenaError, match=f"{name} is {said}"):
        RunRequest("", recipe, "", "grpo", 0, ()).recipe()


def test_a_suite_is_a_preset_over_its_environments_seed_by_seed(tmp_path: Path) -> None:
    asked = Request("nano", "", ("grpo", "sampo"), 2, tmp_path)
    plans = plan_suite(asked)
    environments = ["alfworld_mini", "sokoban", "tir_math_mini", "webshop_mini"]
    assert [p.folder for p in plans] == [tmp_path / "nano" / name for name in environments]
    assert [sorted(p.left_out) for p in plans] == [[], [], ["sampo"], []]
    jobs = jobs_of(plans)
    assert [job.recipe.seed for job in jobs] == [0] * 7 + [1] * 7
    assert [job.name for job in jobs[:3]] == [
        "alfworld_mini grpo seed 0", "alfworld_mini sampo seed 0", "sokoban grpo seed 0",
    ]  # fmt: skip
    assert "--env sokoban" in " ".join(jobs[2].arguments)
    assert jobs_of(plans[1:2])[0].name == "grpo seed 0"


def test_a_suite_of_an_unknown_preset_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="unknown preset 'nanno'; did you mean 'nano'"):
        plan_suite(Request("nanno", "", ("grpo",), 1, tmp_path))


def of_conversations(out: Path, *methods: str) -> Request:
    recipe = out / "relay.yaml"
    recipe.write_text(relay_recipe().to_yaml())
    return Request(str(recipe), "relay", methods, 2, out / "out")


def test_a_method_that_cannot_learn_from_conversations_is_refused_by_name(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from arlarena_bench.baselines.sampo import sampo as method\n")
    for name in ("gigpo", str(mine)):
        with pytest.raises(ArenaError, match=f"method {name} credits single turns") as caught:
            plan(of_conversations(tmp_path, "grpo", name))
        assert "\n" not in str(caught.value)


def test_all_leaves_out_what_cannot_learn_from_conversations(tmp_path: Path) -> None:
    planned = plan(of_conversations(tmp_path, "all"))
    assert sorted(planned.left_out) == ["dapo_gigpo", "gigpo", "sampo"]
    left = {job.recipe.method.name for job in planned.jobs}
    assert left == set(method_names()) - planned.left_out.keys()
    assert not plan(request(tmp_path, "all")).left_out


def test_what_a_user_replaces_wins_over_tuned_values(tmp_path: Path) -> None:
    settings = (*TINY, "train.learning_rate=0.5")
    planned = plan(request(tmp_path, "all", seeds=1, settings=settings))
    assert {job.recipe.train.learning_rate for job in planned.jobs} == {0.5}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"preset": "nanno"}, "unknown preset 'nanno'; did you mean 'nano'"),
        ({"environment": "sokobn"}, "did you mean 'sokoban'"),
        ({"methods": ("gropo",)}, "unknown method 'gropo'; did you mean 'grpo'"),
        ({"methods": ()}, "no method given"),
        ({"methods": ("nowhere.py",)}, "nowhere.py"),
        ({"settings": ("train.groops=4",)}, "did you mean 'groups'"),
        ({"settings": ("train.groups",)}, "--set train.groups: write a key and a value"),
        ({"settings": ("train.groups=four",)}, "train.groups"),
        ({"settings": ("trane.groups=4",)}, "no setting 'trane.groups'"),
        ({"settings": ("seed=5",)}, "--set seed: each run has a seed of its own, and --seeds"),
        ({"settings": ("method.name=gspo",)}, "--set method.name: --method says"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_run(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    fields = {"preset": "nano", "environment": "sokoban", "methods": ("grpo",)} | changes
    with pytest.raises(ArenaError) as error:
        plan(Request(seeds=1, out=tmp_path / "out", **fields))  # type: ignore[arg-type]
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_method_file_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def method(:\n")
    with pytest.raises(ArenaError, match=r"mine\.py, line 1"):
        plan(request(tmp_path / "out", str(path)))


def test_a_file_never_stands_as_an_installed_method(tmp_path: Path) -> None:
    path = tmp_path / "grpo.py"
    path.write_text(METHOD_FILE)
    jobs = plan(request(tmp_path / "out", "grpo", str(path), seeds=1)).jobs
    assert [job.name for job in jobs] == ["grpo seed 0", "grpo (file) seed 0"]
    assert [job.folder.parent.name for job in jobs] == ["grpo", "grpo@file"]


def test_two_files_of_one_stem_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "mine.py", tmp_path / "b" / "mine.py"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(METHOD_FILE)
    with pytest.raises(ArenaError, match="would share one name"):
        plan(request(tmp_path / "out", *map(str, paths)))


def test_a_stored_recipe_is_refused_when_its_methods_file_has_changed(
    tmp_path: Path, mine: str
) -> None:
    job = plan(request(tmp_path / "out", mine)).jobs[0]
    with Run.open(job.folder, job.recipe, resume=False):
        pass
    stored = job.folder / "recipe.yaml"
    (copy,) = (job.folder / "method").iterdir()
    assert copy.read_text() == Path(mine).read_text()
    assert RunRequest("nano", stored, "sokoban", None, None, ()).recipe() == job.recipe
    Path(mine).write_text(METHOD_FILE + "\n")
    with pytest.raises(ArenaError, match=f"now, {job.recipe.method.source} in") as caught:
        RunRequest("nano", stored, "sokoban", None, None, ()).recipe()
    assert "\n" not in str(caught.value)


def test_a_folder_with_runs_of_other_settings_is_refused(tmp_path: Path) -> None:
    job = plan(request(tmp_path, "gspo")).jobs[0]
    with Run.open(job.folder, job.recipe, resume=False):
        pass
    assert not is_finished(job)
    # Runs of another method are compared too: one table must not mix settings.
    with pytest.raises(ArenaError, match=r"train\.groups is 2 there, 3 here.*another --out"):
        plan(request(tmp_path, "grpo", settings=(*TINY, "train.groups=3")))
    assert plan(request(tmp_path, "grpo"))


def test_an_edited_method_file_does_not_pass_for_the_old_one(tmp_path: Path, mine: str) -> None:
    job = plan(request(tmp_path / "out", mine)).jobs[0]
    with Run.open(job.folder, job.recipe, resume=False):
        pass
    Path(mine).write_text(METHOD_FILE + "\n")
    with pytest.raises(ArenaError, match=r"method\.files\.mine\.py is"):
        plan(request(tmp_path / "out", mine))


def test_settings_are_json_or_plain_words() -> None:
    given = ["a.b=3", "c=1e-3", "d=k3", "e=null", "f=true", 'g={"x": [1]}', "h=a=b"]
    assert parse_settings(given) == {
        "a.b": 3, "c": 1e-3, "d": "k3", "e": None, "f": True, "g": {"x": [1]}, "h": "a=b",
    }  # fmt: skip
