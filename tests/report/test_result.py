import json
from pathlib import Path

import pytest
from runs import result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.report.result import cpu_minutes, find_runs, read_result


def write(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data))
    return path


def test_scores_follow_from_episodes(tmp_path: Path) -> None:
    # One success in 4 turns for 10.6, one failure in 12 for -1.2.
    result = read_result(write(tmp_path / "result.json", result_of("grpo", 0, solving(1, of=2))))
    assert result.success == 0.5
    assert result.reward == pytest.approx((10.6 - 1.2) / 2)
    assert result.reward_turn_weighted == pytest.approx((4 * 10.6 - 12 * 1.2) / 16)


def test_a_summary_that_its_episodes_do_not_give_is_refused(tmp_path: Path) -> None:
    data = result_of("grpo", 0, solving(5))
    data["summary"]["success"] = 0.9
    with pytest.raises(ArenaError, match=r"summary\.success is 0\.9, but its episodes give 0\.5"):
        read_result(write(tmp_path / "result.json", data))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not JSON"),
        ('{"schema": 1', "is not JSON"),
        ("[1, 2]", "is not a result"),
        ('{"schema": 2}', "is not a result: schema"),
        ('{"accuracy": 0.7}', "is not a result: schema"),
        ("\udcff", "is not JSON"),
    ],
)
def test_a_foreign_or_corrupt_file_is_named_in_one_line(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ArenaError) as error:
        read_result(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_infinite_kl_of_a_diverged_run_is_unknown(tmp_path: Path) -> None:
    data = result_of("cispo", 0, solving(0), training={"kl_ref_final": float("inf")})
    assert read_result(write(tmp_path / "result.json", data)).training.kl_ref_final is None


def test_what_a_later_version_adds_is_kept(tmp_path: Path) -> None:
    data = result_of("grpo", 0, solving(5), hardware="abacus")
    result = read_result(write(tmp_path / "result.json", data))
    assert result.model_dump(by_alias=True)["hardware"] == "abacus"


def test_bad_files_do_not_hide_good_ones(bench: Path) -> None:
    (bench / "notes.txt").write_text("mine")
    (bench / "sampo" / "seed-1" / "result.json").write_text("{")
    (bench / "grpo" / "seed-2" / "timing.jsonl").write_text("garbage\n")
    (bench / "grpo" / "seed-1" / "timing.jsonl").unlink()
    runs, problems = find_runs(bench)
    found = {(run.result.method, run.result.seed): run.cpu_minutes for run in runs}
    assert found == {
        ("grpo", 0): pytest.approx(0.8),
        ("grpo", 1): None,
        ("grpo", 2): None,
        ("sampo", 0): pytest.approx(0.8),
    }
    assert len(problems) == 2
    assert "timing.jsonl" in problems[0]
    assert "result.json is not JSON" in problems[1]


def test_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    assert find_runs(tmp_path) == ([], [])


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no folder"):
        find_runs(tmp_path / "nowhere")


def test_a_file_that_is_no_results_json_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match=r"is not the results\.json of a bench"):
        find_runs(write(tmp_path / "results.json", {"rows": []}))


def test_a_repeated_step_is_timed_once_and_a_torn_line_not_at_all(tmp_path: Path) -> None:
    run = write_run(tmp_path, result_of("grpo", 0, solving(5)), cpu_s=None)
    lines = [{"step": 1, "cpu_s/total": 30}, {"step": 2, "cpu_s/total": 30}]
    lines.append({"step": 2, "cpu_s/total": 90})
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"step": 3, "cpu'
    (run / "timing.jsonl").write_text(text)
    assert cpu_minutes(run) == pytest.approx(2.0)
