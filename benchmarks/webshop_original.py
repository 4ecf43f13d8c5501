"""The original WebShop beside ours: its pages, parser and reward, on our catalogue.

Nothing of it is changed. What plays no part in a step is left out, so that neither Java, torch nor
Selenium is needed: Lucene's place is taken by our search, and spaCy's by our tagger.
"""

import contextlib
import io
import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium

from arlarena_bench.envs.webshop import Shop
from arlarena_bench.envs.webshop.tagger import tagger
from arlarena_bench.errors import ArenaError

PACKAGES = "flask beautifulsoup4 thefuzz tqdm rich"


def original(folder: Path, shop: Shop, mode: str) -> Any:
    """Return the original's text environment for the products and goals of a shop.

    Args:
        folder: A clone of princeton-nlp/WebShop, or of a descendant: it holds `web_agent_site`.
        shop: Where products, goals, prices and search come from.
        mode: `text` or `text_rich`.

    Raises:
        ArenaError: If the folder is another one, or a package that it needs is missing.
    """
    if not (folder / "web_agent_site" / "envs" / "web_agent_text_env.py").is_file():
        raise ArenaError(f"--original {folder}: no web_agent_site/envs/web_agent_text_env.py in it")
    _stand_ins(folder)
    sys.path.insert(0, str(folder))
    try:
        module = import_module("web_agent_site.envs.web_agent_text_env")
    except ImportError as error:
        raise ArenaError(f"the original needs {error.name}: pip install {PACKAGES}") from error
    server = module.SimServer.__new__(module.SimServer)
    products = [dict(product, MainImage="", option_to_image={}) for product in _sold(shop)]
    vars(server).update(
        base_url="http://127.0.0.1:3000",
        all_products=products,
        product_item_dict={product["asin"]: product for product in products},
        product_prices=dict(shop.prices),
        search_engine=_Search(shop),
        goals=list(shop.goals),
        show_attrs=False,
        weights=[1] * len(shop.goals),
        cum_weights=list(range(len(shop.goals) + 1)),
        user_sessions={},
        search_time=0,
        render_time=0,
        sample_time=0,
        assigned_instruction_text=None,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        return module.WebAgentTextEnv(observation_mode=mode, server=server)


def _sold(shop: Shop) -> list[Any]:
    return list(shop.products.values())


def _stand_ins(folder: Path) -> None:
    nouns = tagger("words")

    def parse(title: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(text=word, pos_="NOUN") for word in nouns(title)]

    lucene = ModuleType("pyserini.search.lucene")
    vars(lucene)["LuceneSearcher"] = None
    spacy = ModuleType("spacy")
    vars(spacy)["load"] = lambda name: parse
    # Without its own `__init__`, which imports Selenium.
    envs = ModuleType("web_agent_site.envs")
    envs.__path__ = [str(folder / "web_agent_site" / "envs")]
    for module in (
        lucene, spacy, envs, ModuleType("pyserini"), ModuleType("pyserini.search"),
    ):  # fmt: skip
        sys.modules[module.__name__] = module
    sys.modules["gym"] = gymnasium
    for unused in ("torch", "cleantext", "rank_bm25"):
        sys.modules.setdefault(unused, ModuleType(unused))
    vars(sys.modules["rank_bm25"]).setdefault("BM25Okapi", None)


class _Search:
    """Lucene's interface, and our results."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def search(self, words: str, k: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(docid=asin) for asin in self._shop.search(words)[:k]]

    def doc(self, asin: str) -> SimpleNamespace:
        return SimpleNamespace(raw=lambda: json.dumps({"id": asin}))
