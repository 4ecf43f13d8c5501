import gzip
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from arlarena_bench.envs.webshop import Shop, catalogue
from arlarena_bench.envs.webshop.catalogue.__main__ import make
from arlarena_bench.envs.webshop.catalogue.vocabulary import DEPARTMENTS, product_types
from arlarena_bench.envs.webshop.colours import plain_colour
from arlarena_bench.envs.webshop.sources import shop
from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import changed


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the shipped files that is read instead of the package's own."""
    folder = tmp_path / "files"
    shutil.copytree(catalogue.FOLDER, folder)
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    return folder


def test_files_are_drawn_again_as_they_ship() -> None:
    assert changed(catalogue.FOLDER, make()) == []


def test_size() -> None:
    types = product_types()
    assert len(types) >= 25
    assert Counter(kind.department for kind in types).keys() == set(DEPARTMENTS)
    products, goals = catalogue.catalogue()
    assert len(products) >= 1000
    assert len(goals) >= 3000
    assert Counter(type(goal["goal_options"]) for goal in goals)[list] >= 500
    assert sum(path.stat().st_size for path in catalogue.FOLDER.iterdir()) < 1_000_000


def test_products_are_whole_and_differ() -> None:
    products, _ = catalogue.catalogue()
    assert len({product["asin"] for product in products}) == len(products)
    assert len({product["Title"] for product in products}) == len(products)
    ranges = 0
    for product in products:
        assert re.fullmatch(r"AR[0-9B-Z]{8}", product["asin"])
        assert 1 < len(product["options"]) <= 3
        assert all(len(values) >= 2 for values in product["options"].values())
        assert 3 <= len(product["Attributes"]) <= 7
        assert product["Reviews"]
        assert product["Description"]
        ranges += len(product["pricing"]) == 2
    assert ranges > 400


def test_what_a_product_claims_can_be_read() -> None:
    for product in catalogue.products():
        text = " ".join([product["Title"], product["Description"], *product["BulletPoints"]])
        for attribute in product["Attributes"]:
            assert attribute in text.lower()


def test_no_product_is_both() -> None:
    opposites = {pair for kind in product_types() for pair in kind.opposites}
    assert opposites
    for product in catalogue.products():
        for one, other in opposites:
            assert not {one, other} <= set(product["Attributes"])


def test_no_option_hides_a_colour() -> None:
    """The original takes the colour out of `with stand`, after which it matches nothing."""
    for kind in product_types():
        for values in kind.options.values():
            for value in values:
                assert plain_colour(value) in (value, *value.split())


def test_option_prices_stay_within_the_products_range() -> None:
    items = catalogue.read(catalogue.ITEMS)
    priced = 0
    for item in items:
        ends = [float(part.strip(" to")) for part in item["pricing"].split("$")[1:]]
        for contents in item["customization_options"].values():
            prices = [content["price"] for content in contents if content["price"]]
            priced += bool(prices)
            assert all(ends[0] <= price <= ends[-1] for price in prices)
    assert priced > 400
    for product in catalogue.products():
        price = catalogue.prices()[product["asin"]]
        assert product["pricing"][0] <= price <= product["pricing"][-1]


def test_every_goal_is_won_by_its_own_product() -> None:
    seller = shop("words")
    for goal in seller.goals:
        product = seller.products[goal["asin"]]
        wanted = goal["goal_options"]
        if not isinstance(wanted, dict):
            by_value = {v: name for name, values in product["options"].items() for v in values}
            wanted = {by_value[value]: value for value in wanted}
        price = seller.prices[goal["asin"]]
        assert seller.reward(goal, product, wanted, price)["total"] == 1.0


def test_instructions_read_naturally() -> None:
    goals = catalogue.goals()
    openings = Counter(" ".join(goal["instruction_text"].split()[:2]) for goal in goals)
    assert len(openings) >= 12
    for goal in goals:
        text = goal["instruction_text"]
        assert "  " not in text
        assert text.endswith(" dollars")
        assert all(attribute in text for attribute in goal["attributes"])
        wanted = goal["goal_options"]
        values = wanted.values() if isinstance(wanted, dict) else wanted
        assert all(value in text for value in values)
    texts = [goal["instruction_text"] for goal in goals]
    assert len(set(texts)) > 0.95 * len(texts)


def test_the_files_are_in_the_official_format(tmp_path: Path) -> None:
    paths = []
    for name in (catalogue.ITEMS, catalogue.ATTRIBUTES, catalogue.REQUESTS):
        path = tmp_path / name.removesuffix(".gz")
        path.write_bytes(gzip.decompress((catalogue.FOLDER / name).read_bytes()))
        paths.append(path)
    synthetic = Shop.load(paths[0], paths[1], tasks=tmp_path / "synthetic")
    human = Shop.load(*paths, tasks=tmp_path / "human")
    assert len(synthetic.products) == len(catalogue.products())
    # A goal whose content is also in a panel is left out of training there.
    assert 0 <= len(catalogue.goals()) - len(synthetic.goals) - len(human.goals) < 10
    assert json.loads(paths[0].read_text())[0]["asin"] in synthetic.products


def test_a_changed_file_is_refused(copied: Path) -> None:
    path = copied / catalogue.ITEMS
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ArenaError, match="is not the file of SHA256SUMS"):
        catalogue.read(catalogue.ITEMS)
    (copied / catalogue.REVIEWS).unlink()
    with pytest.raises(ArenaError, match="cannot read"):
        catalogue.read(catalogue.REVIEWS)
