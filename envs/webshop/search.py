"""Full-text search over a catalogue: BM25 with the original's parameters, ties by asin."""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from .rendering import RESULTS
from .tokens import Stems

_JAX = sys.modules.get("jax")
# Where there is JAX, bm25s tries it out at once, which takes three quarters of a GPU's memory.
sys.modules["jax"] = None  # type: ignore[assignment]
try:
    import bm25s
finally:
    if _JAX is None:
        del sys.modules["jax"]
    else:
        sys.modules["jax"] = _JAX

# Anserini's, which the original searches with.
K1, B = 0.9, 0.4
# What Lucene accepts in one query.
_MOST_WORDS = 1024
_MEMO, _MEMO_LENGTH = 4096, 256


def document(product: Mapping[str, Any]) -> str:
    """Return what is searched of a product: title, description, first bullet and options."""
    options = ", and ".join(
        f"{name}: {', '.join(values)}" for name, values in product["options"].items()
    )
    first = product["BulletPoints"][:1] or [""]
    return f"{product['Title']} {product['Description']} {first[0]} {options}".lower()


class Ranking:
    """BM25 over texts.

    Args:
        documents: asin → text. Order does not matter; each is read once.
    """

    def __init__(self, documents: Mapping[str, str]) -> None:
        # Sorted, so that among equal scores the lower position is the lower asin.
        self._asins = sorted(documents)
        self._stems = Stems()
        ids = [self._stems.learn(documents[asin]) for asin in self._asins]
        # scipy's conversion needs less memory than the library's own.
        self._bm25 = bm25s.BM25(method="lucene", k1=K1, b=B, csc_backend="scipy")
        if self._stems.numbers:
            self._bm25.index((ids, dict(self._stems.numbers)), show_progress=False)

    def __call__(self, query: str) -> tuple[str, ...]:
        """Return the asins of at most 50 texts that share a stem with the query, best first."""
        ids = self._stems.known(query)[:_MOST_WORDS]
        if not ids:
            return ()
        scores = self._bm25.get_scores(ids)
        floor = np.partition(scores, -RESULTS)[-RESULTS] if len(scores) > RESULTS else 0.0
        found = np.flatnonzero((scores >= floor) & (scores > 0.0))
        best = found[np.argsort(-scores[found], kind="stable")[:RESULTS]]
        return tuple(self._asins[position] for position in best)


class Index:
    """What a catalogue is searched with; see `shared_index`.

    Args:
        documents: asin → text.
    """

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._rank = Ranking(documents)
        self._remembered = lru_cache(maxsize=_MEMO)(self._rank)

    def search(self, query: str) -> tuple[str, ...]:
        """Return the asins of at most 50 products, best first."""
        # The memo serves `next` and `< prev`, which search again; it must not keep huge queries.
        return self._remembered(query) if len(query) <= _MEMO_LENGTH else self._rank(query)


_SHARED: WeakValueDictionary[str, Index] = WeakValueDictionary()


class _Documents(Mapping[str, str]):
    """The texts of products, made when they are read: together they are as large as a catalogue."""

    def __init__(self, products: Iterable[Mapping[str, Any]]) -> None:
        self._products = {product["asin"]: product for product in products}

    def __getitem__(self, asin: str) -> str:
        return document(self._products[asin])

    def __iter__(self) -> Iterator[str]:
        return iter(self._products)

    def __len__(self) -> int:
        return len(self._products)


def shared_index(products: Iterable[Mapping[str, Any]]) -> Index:
    """Return the index of a catalogue, which all shops of this process with it share."""
    documents = _Documents(products)
    digest = hashlib.sha256()
    for asin in sorted(documents):
        digest.update(f"{asin}\0{documents[asin]}\0".encode(errors="surrogatepass"))
    key = digest.hexdigest()
    index = _SHARED.get(key)
    if index is None:
        index = _SHARED[key] = Index(documents)
    return index
