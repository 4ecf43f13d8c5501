"""The score of a purchase: the original's formula, with its parts under the original's names."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from arlarena_bench.errors import ArenaError

from .colours import plain_colour
from .tagger import Tagger

# A score above this, out of 100, is a match.
THRESHOLD = 85
_LATIN_1_LETTERS = dict.fromkeys(range(128, 256))


@lru_cache(maxsize=65_536)
def _processed(text: str) -> str:
    return default_process(text.translate(_LATIN_1_LETTERS))


def token_set_ratio(one: object, other: object) -> int:
    """Return what thefuzz's function of this name returns: 0 to 100, from the sets of words."""
    return round(fuzz.token_set_ratio(_processed(str(one)), _processed(str(other))))


def reward(
    goal: Mapping[str, Any],
    product: Mapping[str, Any],
    options: Mapping[str, str],
    price: float,
    tagger: Tagger,
) -> dict[str, Any]:
    """Score a purchase against a goal.

    `total` is `r_type · (attributes matched + options matched + price is low enough) /
    (attributes + options + 1)`, WebShop (Yao et al. 2022), App. A.

    Args:
        goal: A goal. Where its `goal_options` is a mapping (made by rule), its items are compared
            with the values chosen; where it is a list (written by people), its values are.
        product: The product bought.
        options: Option name → value chosen.
        price: The price paid.
        tagger: Finds the nouns of a title.

    Returns:
        `total`, `r_type`, `r_att`, `w_att`, `query_match`, `category_match`, `title_score`,
        `r_price`, `w_price`, and `r_option`, `w_option` where the goal has options.

    Raises:
        ArenaError: If the goal has no attributes or no positive price limit.
    """
    check_goal(goal)
    wanted = goal["goal_options"]
    parts = len(goal["attributes"]) + len(wanted) + 1
    kind = type_reward(goal, product, tagger)
    cheap = price <= goal["price_upper"]
    attributes = matched_attributes(goal["attributes"], product)
    chosen = matched_options(
        wanted.items() if isinstance(wanted, Mapping) else wanted, options.values()
    )
    result = {
        "total": (attributes + chosen + cheap) / parts * kind["r_type"],
        "r_type": kind["r_type"],
        "r_att": attributes / len(goal["attributes"]),
        "w_att": len(goal["attributes"]) / parts,
        "query_match": kind["query_match"],
        "category_match": kind["category_match"],
        "title_score": kind["title_score"],
    }
    if wanted:
        result |= {"r_option": chosen / len(wanted), "w_option": len(wanted) / parts}
    return result | {"r_price": cheap, "w_price": 1 / parts}


def check_goal(goal: Mapping[str, Any]) -> None:
    """Raise `ArenaError` for a goal that the formula is not defined for."""
    if not goal["attributes"]:
        raise ArenaError(f"goal for {goal.get('asin')!r}: no attributes to score a purchase by")
    if not goal["price_upper"] > 0:
        raise ArenaError(
            f"goal for {goal.get('asin')!r}: price_upper must be positive, "
            f"got {goal['price_upper']!r}"
        )


def type_reward(
    goal: Mapping[str, Any], product: Mapping[str, Any], tagger: Tagger
) -> dict[str, Any]:
    """Score whether the product is of the kind wanted: by query, category and title."""
    query_match = product["query"] == goal["query"]
    category_match = len(_path(product) & _path(goal)) >= 2
    wanted = tagger(goal["name"])
    # Divided by the number of nouns, repeated ones included, as the original does it.
    common = len({*wanted} & {*tagger(product["name"])})
    title_score = common / len(wanted) if wanted else 0.2
    if title_score == 0.0:
        r_type = 0.0
    elif title_score < 0.1:
        r_type = 0.1
    else:
        r_type = 1.0 if query_match or category_match or title_score > 0.2 else 0.5
    return {
        "r_type": r_type,
        "query_match": query_match,
        "category_match": category_match,
        "title_score": title_score,
    }


def matched_attributes(wanted: Sequence[str], product: Mapping[str, Any]) -> int:
    """Count the attributes that the product lists, roughly, or mentions in its texts."""
    texts: list[str] = []
    count = 0
    for attribute in wanted:
        if any(token_set_ratio(own, attribute) > THRESHOLD for own in product["Attributes"]):
            count += 1
            continue
        texts = texts or [
            product["Title"].lower(),
            " ".join(map(str, product["BulletPoints"])).lower(),
            str(product["Description"]).lower(),
        ]
        count += any(attribute in text for text in texts)
    return count


def matched_options(wanted: Iterable[object], chosen: Iterable[object]) -> int:
    """Count the options wanted that one of those chosen matches, roughly and by plain colour."""
    plain = [_plain(option) for option in chosen]
    return sum(
        any(token_set_ratio(option, _plain(goal)) > THRESHOLD for option in plain)
        for goal in wanted
    )


@lru_cache(maxsize=65_536)
def _plain(option: object) -> object:
    return plain_colour(option)


def _path(item: Mapping[str, Any]) -> set[str]:
    return {part.strip() for part in item["product_category"].split("›")}
