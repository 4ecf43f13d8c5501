import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_shop import entry, wish, write_files

from arlarena_bench.envs.webshop import Shop, official
from arlarena_bench.errors import ArenaError

ITEMS = [
    entry("B0AAAAAAA1", pricing="$10.00 to $20.00"),
    entry("nan"),
    entry("B0AAAAAAA1", name="A duplicate"),
    entry("B0TOOLONG11"),
    entry("B0BBBBBBB2", name="Copper Kettle", pricing="", customization_options=None),
    entry("B0CCCCCCC3", name="Never Described"),
]
ATTRIBUTES = {"B0AAAAAAA1": wish("tin", "easy clean"), "B0BBBBBBB2": wish("copper")}
HUMAN = {
    "B0AAAAAAA1": [
        {
            "instruction": "i want a red one.",
            "instruction_attributes": ["tin"],
            "instruction_options": ["red"],
        }
    ],
    "B0NOTSOLD1": [{"instruction": "gone", "instruction_attributes": ["x"]}],
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    return write_files(tmp_path, ITEMS, ATTRIBUTES, HUMAN)


def load(paths, tmp_path: Path, **options) -> Shop:
    options.setdefault("tasks", tmp_path / "tasks.json")
    return Shop.load(*paths, tagger="words", **options)


def test_goals_by_rule(files, tmp_path: Path):
    shop = load(files[:2], tmp_path)
    assert list(shop.products) == ["B0AAAAAAA1", "B0BBBBBBB2", "B0CCCCCCC3"]
    assert shop.products["B0AAAAAAA1"]["Title"] == "Tin Lantern"
    assert 10.0 <= shop.prices["B0AAAAAAA1"] <= 20.0
    assert shop.prices["B0BBBBBBB2"] == 100.0
    assert sorted(goal["instruction_text"].split(", and price")[0] for goal in shop.goals) == [
        "Find me lanterns", "Find me lanterns with color: moss", "Find me lanterns with color: red",
    ]  # fmt: skip
    assert all(goal["price_upper"] > shop.prices[goal["asin"]] for goal in shop.goals)
    assert shop.comparable


def test_goals_in_peoples_words(files, tmp_path: Path):
    (goal,) = load(files, tmp_path).goals
    assert goal["instruction_text"].startswith("i want a red one, and price lower than ")
    assert goal["goal_options"] == ["red"]


def test_a_loaded_goal_can_be_won(files, tmp_path: Path):
    shop = load(files, tmp_path)
    visit = shop.open(0)
    for action in ("search[tin lantern]", "click[b0aaaaaaa1]", "click[red]"):
        visit.step(action)
    assert visit.step("click[buy now]") == (1.0, True)


def test_only_the_first_products(files, tmp_path: Path):
    assert list(load(files[:2], tmp_path, products=4).products) == ["B0AAAAAAA1"]


def test_reviews(files, tmp_path: Path):
    reviews = tmp_path / "reviews.json"
    reviews.write_text(json.dumps([
        {"asin": "B0BBBBBBB2", "average_rating": 4.1, "reviews": [{"title": "T", "stars": 5}]}
    ]))  # fmt: skip
    shop = load(files[:2], tmp_path, reviews=reviews)
    assert shop.products["B0BBBBBBB2"]["Rating"] == 4.1
    assert shop.products["B0BBBBBBB2"]["Reviews"] == [{"title": "T", "score": 5, "body": ""}]
    assert shop.products["B0AAAAAAA1"]["Rating"] == "N.A."


def test_the_same_tasks_in_every_process(files, tmp_path: Path):
    code = (
        "import sys; from arlarena_bench.envs.webshop import Shop;"
        "shop = Shop.load(*sys.argv[1:3], tasks=sys.argv[3], tagger='words'); print(shop.digest)"
    )
    digests = {load(files[:2], tmp_path).digest}
    for name in ("tasks.json", "other.json"):
        command = [sys.executable, "-c", code, *map(str, files[:2]), str(tmp_path / name)]
        digests.add(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        )
    assert len(digests) == 1
    assert (tmp_path / "tasks.json").read_bytes() == (tmp_path / "other.json").read_bytes()


def test_tasks_are_kept_in_the_cache(files, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    first = load(files[:2], tmp_path, tasks=None)
    (kept,) = (tmp_path / "cache" / "webshop").iterdir()
    assert kept.name.startswith("tasks-")
    assert load(files[:2], tmp_path, tasks=None).digest == first.digest
    assert load(files[:2], tmp_path, tasks=None, seed=1).digest != first.digest


def test_reference_splits_overlap_and_are_marked(tmp_path: Path):
    items = [entry(f"B0{n:08}", pricing="$10.00 to $20.00") for n in range(400)]
    paths = write_files(tmp_path, items, {item["asin"]: wish("tin") for item in items})
    workers = [load(paths, tmp_path, seed=seed, splits="reference") for seed in (0, 1)]
    tested = {workers[0].content(i) for i in workers[0].splits["test"]}
    trained = {workers[1].content(i) for i in workers[1].splits["train"]}
    assert [len(workers[0].splits[name]) for name in ("train", "validation", "test")] == [
        300, 500, 500,
    ]  # fmt: skip
    assert tested & trained
    assert not workers[0].comparable
    assert not (tmp_path / "tasks.json").exists()


def test_unknown_splits(files, tmp_path: Path):
    with pytest.raises(ArenaError, match="unknown splits 'refrence'; did you mean 'reference'"):
        load(files[:2], tmp_path, splits="refrence")


@pytest.mark.parametrize("chunk", [1, 7, 100, 10_000])
def test_a_list_is_read_in_pieces(chunk, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(official, "_CHUNK", chunk)
    items = [{"n": n, "text": "é] }, {" * (n % 3), "list": [[], {}]} for n in range(30)]
    path = tmp_path / "items.json"
    for text in (json.dumps(items), json.dumps(items, indent=2, ensure_ascii=False)):
        path.write_text(text + "\n", encoding="utf-8")
        assert list(official.entries(path)) == items


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with a JSON list"),
        ("{}", "does not begin with a JSON list"),
        ('[{"asin": "na', "ends in the middle of a product"),
        ("[nonsense]", "ends in the middle of a product, or is no valid JSON"),
        ("[" * 200_000, "ends in the middle of a product, or is no valid JSON"),
        ("[]", "no products; the catalogue is empty"),
        ("[[1]]", "entry 0: a product is an object, got list"),
        ('[{"asin": "B0"}]', "entry 0: product 'B0': no text under 'name'"),
    ],
)
def test_broken_catalogues_are_told_in_one_line(text, message, files, tmp_path: Path):
    files[0].write_text(text)
    with pytest.raises(ArenaError, match=message) as error:
        load(files[:2], tmp_path)
    assert "\n" not in str(error.value)
    assert str(files[0]) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "is no JSON object of asins"),
        ("{", "is no valid JSON"),
        ("[" * 200_000, "is no valid"),
    ],
)
def test_broken_attributes(text, message, files, tmp_path: Path):
    files[1].write_text(text)
    with pytest.raises(ArenaError, match=message):
        load(files[:2], tmp_path)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (3, "instructions for 'B0AAAAAAA1': not a list of objects"),
        (["x"], "instructions for 'B0AAAAAAA1': not a list of objects"),
        (
            [{"instruction": None, "instruction_attributes": ["x"]}],
            "one lacks a text 'instruction'",
        ),
        ([{"instruction": "x", "instruction_attributes": [None]}], "one lacks a text"),
    ],
)
def test_broken_instructions(written, message, files, tmp_path: Path):
    files[2].write_text(json.dumps({"B0AAAAAAA1": written}))
    with pytest.raises(ArenaError, match=message) as error:
        load(files, tmp_path)
    assert str(files[2]) in str(error.value)


def test_broken_reviews(files, tmp_path: Path):
    path = tmp_path / "reviews.json"
    for content in ([None], [{"reviews": []}]):
        path.write_text(json.dumps(content))
        with pytest.raises(ArenaError, match=r"reviews\.json, entry 0: no text under 'asin'"):
            load(files[:2], tmp_path, reviews=path)


def test_missing_files_are_named(files, tmp_path: Path):
    for number in range(3):
        paths = [*files]
        paths[number] = tmp_path / "nowhere.json"
        with pytest.raises(ArenaError, match=r"cannot read .*nowhere\.json"):
            load(paths, tmp_path)
