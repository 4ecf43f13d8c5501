"""What `arlarena doctor` says about WebShop's noun tagger."""

from arlarena_bench.checks import Check, optional_package


def checks() -> list[Check]:
    """Look for the package."""
    return [optional_package("spacy", "WebShop's own noun tagger", "spacy")]
