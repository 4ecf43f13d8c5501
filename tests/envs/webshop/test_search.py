import os
import subprocess
import sys
from math import log

import pytest
from tiny_shop import KETTLE, LANTERN, SPADES, product

from arlarena_bench.envs.webshop.search import Index, document, shared_index
from arlarena_bench.envs.webshop.tokens import Stems

DOCUMENTS = {
    "D": "red lamp for the garden lamp",
    "C": "red kettle",
    "B": "running shoes, men's size 9.5",
    "A": "red kettle",
}


def test_document_is_title_description_first_bullet_and_options():
    assert document(LANTERN) == (
        "tin lantern <b>& hook</b>, 9½ cm a lantern that is weatherproof. hangs anywhere "
        "color: brick red, moss, and size: 9 cm, 12 cm"
    )
    assert document(KETTLE) == "copper kettle   "


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Running SHOES for the men's runner", ["run", "shoe", "men", "runner"]),
        ("3.5mm dual-band, 1,000 lm. a.b", ["3.5mm", "dual", "band", "1,000", "lm", "a.b"]),
        ("o'neill’s snake_case 日本", ["o'neil", "snake_cas", "日", "本"]),
        ("the and of ... !!", []),
        ("", []),
        ("y" * 256, []),
    ],
)
def test_words_are_split_stopped_and_stemmed(text, stems):
    known = Stems()
    numbers = known.learn(text)
    assert [list(known.numbers)[number] for number in numbers] == stems
    assert known.known(text) == list(numbers)
    assert Stems().known(text) == []


def test_scores_are_bm25_as_lucene_counts_it():
    index = Index({str(n): text for n, text in enumerate(["a1 b1 b1", "a1 c1", "b1", "c1 c1 c1"])})

    def score(frequency, documents, length):
        rarity = log(1 + (4 - documents + 0.5) / (documents + 0.5))
        return rarity * frequency / (frequency + 0.9 * (0.6 + 0.4 * length / 2.25))

    expected = {
        "0": score(1, 2, 3) + 2 * score(2, 2, 3),
        "1": score(1, 2, 2),
        "2": 2 * score(1, 2, 1),
    }
    # A word that is written twice counts twice.
    assert list(index.search("a1 b1 b1")) == sorted(expected, key=expected.get, reverse=True)
    assert expected["0"] > expected["2"] > expected["1"]


def test_equal_scores_come_in_the_order_of_asins():
    assert Index(DOCUMENTS).search("kettle") == ("A", "C")
    assert Index(DOCUMENTS).search("red") == ("A", "C", "D")


@pytest.mark.parametrize("query", ["", " ", "bagpipes", "the of", "!?", "\0", "\ud800", "日本語"])
def test_queries_that_find_nothing(query):
    assert Index(DOCUMENTS).search(query) == ()


def test_stems_are_searched_for():
    assert Index(DOCUMENTS).search("RUN shoe") == ("B",)
    assert Index(DOCUMENTS).search("9.5") == ("B",)


def test_huge_queries_are_answered():
    index = Index(DOCUMENTS)
    assert index.search("lamp " * 200_000) == ("D",)
    assert index.search("x" * 1_000_000) == ()


def test_at_most_fifty_are_found_best_first():
    documents = {f"{n:03}": "lamp" if n % 2 else "lamp shade" for n in range(160)}
    found = Index(documents).search("lamp")
    assert found == tuple(f"{n:03}" for n in range(1, 100, 2))


def test_catalogue_without_a_word_finds_nothing():
    assert shared_index([product("B0NOTHING1", "!")]).search("lamp") == ()


def test_one_index_serves_every_shop_with_the_same_catalogue():
    products = [LANTERN, KETTLE, *SPADES]
    index = shared_index(products)
    assert shared_index([dict(entry) for entry in reversed(products)]) is index
    assert shared_index(products[1:]) is not index


def test_jax_is_not_woken(tmp_path):
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("print('awake')")
    (tmp_path / "jax" / "lax.py").write_text("raise SystemExit('it takes the memory of a GPU')")
    look = "import sys; import arlarena_bench.envs.webshop.search; print('jax' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
