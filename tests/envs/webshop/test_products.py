import pytest
from tiny_shop import entry

from arlarena_bench.envs.webshop.products import check_product, normalise
from arlarena_bench.errors import ArenaError


def test_entry_becomes_a_product():
    product = normalise(
        entry("B0ENTRY001"),
        {"attributes": ["gold"], "instruction": "Find me", "instruction_attributes": ["gold"]},
        [{"instruction": "i want it"}],
        {"average_rating": 4.5, "reviews": [{"title": "Good", "stars": 4, "review": "Very."}, {}]},
    )
    assert product == {
        "asin": "B0ENTRY001",
        "name": "Tin Lantern",
        "Title": "Tin Lantern",
        "Description": "It glows.",
        "BulletPoints": ["hangs anywhere"],
        "Attributes": ["gold"],
        "Reviews": [
            {"title": "Good", "score": 4, "body": "Very."},
            {"title": "", "score": "", "body": ""},
        ],
        "Rating": 4.5,
        "pricing": [25.0],
        "Price": "$25.0",
        "options": {"color": ["red", "moss"]},
        "category": "garden",
        "query": "lantern",
        "product_category": "Garden › Lanterns",
        "instruction_text": "Find me",
        "instruction_attributes": ["gold"],
        "instructions": [{"instruction": "i want it"}],
    }
    check_product(product)


@pytest.mark.parametrize(
    ("pricing", "amounts", "shown"),
    [
        ("$12.99", [12.99], "$12.99"),
        ("$10.00 to $20.50", [10.0, 20.5], "$10.0 to $20.5"),
        ("$1,299.00 - $1,500", [1299.0, 1500.0], "$1299.0 to $1500.0"),
        ("$1 $2 $3", [1.0, 2.0], "$1.0 to $2.0"),
        ("", [100.0], "$100.0"),
        (None, [100.0], "$100.0"),
        ("ask us", [100.0], "$100.0"),
        ("$", [100.0], "$100.0"),
        ("$1.2.3 $5", [5.0], "$5.0"),
    ],
)
def test_prices(pricing, amounts, shown):
    product = normalise(entry("B0ENTRY001", pricing=pricing))
    assert (product["pricing"], product["Price"]) == (amounts, shown)


def test_product_without_most_things():
    bare = {"asin": "B0", "name": "x", "category": "", "query": "", "product_category": ""}
    product = normalise(bare)
    assert (product["Description"], product["BulletPoints"]) == ("", [])
    assert (product["options"], product["Attributes"]) == ({}, ["DUMMY_ATTR"])
    assert (product["Reviews"], product["Rating"]) == ([], "N.A.")
    check_product(product)


@pytest.mark.parametrize(
    ("customization", "options"),
    [
        ("", {}),
        (None, {}),
        ({"Size": None, "Fit": []}, {"fit": []}),
        ({"Size": [{"value": " S/M "}, {"value": "1/2 Inch"}]}, {"size": ["s | m", "1 | 2 inch"]}),
    ],
)
def test_options(customization, options):
    product = normalise(entry("B0ENTRY001", customization_options=customization))
    assert product["options"] == options


def test_description_that_is_one_text_is_one_bullet():
    assert normalise(entry("B0ENTRY001", small_description="One."))["BulletPoints"] == ["One."]
    assert normalise(entry("B0ENTRY001", small_description=[]))["BulletPoints"] == []


def test_nulls_are_texts_as_the_original_shows_them():
    product = normalise(entry("B0ENTRY001", full_description=None, small_description=None))
    assert (product["Description"], product["BulletPoints"]) == ("None", ["None"])
    check_product(product)


@pytest.mark.parametrize("asin", ["nan", "B0TOOLONG11"])
def test_what_the_original_leaves_out(asin):
    assert normalise(entry(asin)) is None
    assert normalise({"asin": asin, "name": None}) is None, "whatever else it is"


def test_what_is_no_product():
    with pytest.raises(ArenaError, match="a product is an object, got list"):
        normalise([])
    with pytest.raises(ArenaError, match="product 'B0': no text under 'name'"):
        normalise({"asin": "B0", "name": None})
    with pytest.raises(ArenaError, match="product 3: no text under 'asin'"):
        normalise({"asin": 3})


@pytest.mark.parametrize(
    ("changes", "attributes", "reviews"),
    [
        ({"pricing": 9.5}, {}, {}),
        ({"customization_options": ["Size"]}, {}, {}),
        ({"customization_options": {"Size": [{"image": None}]}}, {}, {}),
        ({"customization_options": {"Size": [{"value": None}]}}, {}, {}),
        ({}, {"attributes": [7]}, {}),
        ({}, ["steel"], {}),
        ({}, {}, {"reviews": ["good"]}),
    ],
)
def test_what_is_in_another_format(changes, attributes, reviews):
    with pytest.raises(ArenaError, match="product 'B0ENTRY001' is not in WebShop's format: "):
        normalise(entry("B0ENTRY001", **changes), attributes, None, reviews)
