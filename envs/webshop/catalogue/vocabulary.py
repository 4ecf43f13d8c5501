"""What the invented products are made of, as the files in `product-types/` say it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "product-types"
DEPARTMENTS = ("beauty", "electronics", "fashion", "garden", "grocery")
KINDS = ("is", "has", "suits")


@dataclass(frozen=True, slots=True)
class ProductType:
    """A kind of thing that the shop sells.

    Attributes:
        department: One of `DEPARTMENTS`.
        query: What people type who look for it.
        one: A single one, with its article.
        path: Category path, from the department's down.
        title: The name of a product, with `{style}`.
        styles: What `{style}` may be.
        price: Lowest and highest price, dollars.
        attributes: Kind of attribute → attribute → the bullet point that says so.
        opposites: Pairs of attributes that no product has both of.
        options: Option → its values, in the order of a page.
        about: Sentences for descriptions.
    """

    department: str
    query: str
    one: str
    path: str
    title: str
    styles: tuple[str, ...]
    price: tuple[float, float]
    attributes: Mapping[str, Mapping[str, str]]
    opposites: tuple[tuple[str, str], ...]
    options: Mapping[str, tuple[str, ...]]
    about: tuple[str, ...]


@lru_cache
def product_types() -> tuple[ProductType, ...]:
    """Return every type of product, by department."""
    return tuple(
        _product_type(department, types, entry)
        for department in DEPARTMENTS
        for types in [_read(department)]
        for entry in types["type"]
    )


@lru_cache
def brands() -> tuple[str, ...]:
    """Return the invented brands."""
    return tuple(_read("brands")["names"])


def reviews(department: str) -> Mapping[str, list[str]]:
    """Return what customers of a department write: `good`, `mixed` and `bad`."""
    written: Mapping[str, list[str]] = _read(department)["reviews"]
    return written


@lru_cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _product_type(name: str, department: dict[str, Any], entry: dict[str, Any]) -> ProductType:
    low, high = entry["price"]
    return ProductType(
        department=name,
        query=entry["query"],
        one=entry["one"],
        path=f"{department['path']} › {entry['path']}",
        title=entry["title"],
        styles=tuple(entry["styles"]),
        price=(low, high),
        attributes={kind: {a: department[kind][a] for a in entry[kind]} for kind in KINDS},
        opposites=tuple((one, other) for one, other in department.get("opposites", ())),
        options={option: tuple(values) for option, values in entry["options"].items()},
        about=tuple(entry["about"]),
    )
