import shutil
from collections import Counter
from pathlib import Path

import pytest

from arlarena_bench.envs.webshop import catalogue, frozen, panels
from arlarena_bench.envs.webshop.env import WebShopEnv
from arlarena_bench.envs.webshop.goals import content
from arlarena_bench.envs.webshop.mini.shop import mini_shop
from arlarena_bench.envs.webshop.mini.tasks import SHOPS, TASKS_OF, Reduced
from arlarena_bench.errors import ArenaError

DIGESTS = {
    ("full", "train"): "df60ef3ec8d69b22c16e309ffd6acbc0e781208cf6d85980425f620e9d533084",
    ("full", "validation"): "ee9a77c91de9fbf4c9acc5620c320f51c812e4ea1930a71bcf2ecd778368f590",
    ("full", "test"): "b9cc3302c1a13175cb38879bd44c04e8e07b9dd0d91f23bff93e7aba138e5372",
    ("mini", "validation"): "bbe816d64125a9c837259db00393ac05a469132f4a9cd3c3729edf6c64efad40",
    ("mini", "test"): "d7b701f753277bc71e47ef780fef8da7d8320e418b55210be5ed930390888808",
}
SPLITS = ("train", "validation", "test")


def test_files_are_dealt_again_to_the_byte() -> None:
    files = panels.make()
    assert len(files) == 4
    for name, text in files.items():
        assert (frozen.FOLDER / name).read_bytes() == text.encode()


@pytest.mark.parametrize(("size", "split"), DIGESTS)
def test_panels_stay_as_they_were_published(size: str, split: str) -> None:
    panel = WebShopEnv(size=size).tasks.panel(split)
    assert panel.digest == DIGESTS[size, split]
    assert panel.task_ids[:2] == (f"{split}/0000", f"{split}/0001")
    assert len(panel.task_ids) >= 500


def test_no_goal_and_no_product_is_in_two_splits() -> None:
    goals = catalogue.goals()
    contents, products = {}, {}
    for split in SPLITS:
        asked = [goals[index] for index in panels.numbers(split).values()]
        contents[split] = {content(goal) for goal in asked}
        products[split] = {goal["asin"] for goal in asked}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert contents[one].isdisjoint(contents[other])
        assert products[one].isdisjoint(products[other])


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_panel_is_broad(split: str) -> None:
    goals = catalogue.goals()
    asked = [goals[index] for index in panels.numbers(split).values()]
    assert max(Counter(goal["asin"] for goal in asked).values()) <= panels.PER_PRODUCT
    departments = Counter(goal["category"] for goal in asked)
    assert len(departments) == 5
    assert min(departments.values()) >= 50


def test_reduced_panels_do_not_repeat_and_have_shops_of_their_own() -> None:
    tasks = Reduced()
    shops: dict[str, set[str]] = {"train": {f"t{n:02d}" for n in range(SHOPS["train"])}}
    said: set[str] = set()
    for split, count in TASKS_OF.items():
        places = [tasks.find(task) for task in tasks.panel(split).task_ids]
        goals = [shop.goals[index] for shop, index in places]
        assert len({content(goal) for goal in goals}) == count
        words = {goal["instruction_text"] for goal in goals}
        assert len(words) == count
        assert said.isdisjoint(words)
        said |= words
        clusters = Counter(map(tasks.cluster, tasks.panel(split).task_ids))
        assert set(clusters.values()) == {count // SHOPS[split]}
        assert len(clusters) == SHOPS[split] >= 16
        shops[split] = set(clusters)
        assert tasks.cluster(f"{split}/0000") != tasks.cluster(f"{split}/0001")
    names = [name for found in shops.values() for name in found]
    assert len(names) == len(set(names)) == sum(SHOPS.values())
    stocks = [mini_shop(name).products for name in names]
    assert len({asin for stock in stocks for asin in stock}) == sum(map(len, stocks))
    # By what they sell, too, and not only by the numbers on it.
    on_sale = {
        frozenset((p["Title"], p["Price"], str(p["options"])) for p in stock.values())
        for stock in stocks
    }
    assert len(on_sale) == len(stocks)


def test_a_changed_file_or_goal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tasks"
    shutil.copytree(frozen.FOLDER, folder)
    monkeypatch.setattr(frozen, "FOLDER", folder)
    goals = list(catalogue.goals())
    index = next(iter(frozen.read("full-test.txt", goals).values()))
    goals[index] = {**goals[index], "price_upper": 1.0}
    with pytest.raises(ArenaError, match="task 0000 is not the published one"):
        frozen.read("full-test.txt", goals)
    path = folder / "full-test.txt"
    path.write_text(path.read_text().replace("0000 ", "0000  ", 1))
    with pytest.raises(ArenaError, match=r"full-test\.txt is not the file of SHA256SUMS"):
        frozen.read("full-test.txt", goals)


@pytest.mark.parametrize("size", ["full", "mini"])
def test_panels_that_do_not_exist(size: str) -> None:
    with pytest.raises(ArenaError, match=r"unknown panel of webshop.* 'tset'; did you mean 'test'"):
        WebShopEnv(size=size).tasks.panel("tset")
