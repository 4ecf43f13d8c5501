from importlib.metadata import version

from arlarena_bench.checks import Check, installed_version, optional_package


def test_an_absent_package_is_advice_and_no_failure() -> None:
    advice = "for nothing: pip install no-such-package"
    expected = Check("no-such-package", "not installed", None, advice)
    assert optional_package("no-such-package", "nothing") == expected


def test_a_present_package_shows_its_version() -> None:
    assert optional_package("numpy", "arrays") == Check("numpy", version("numpy"))
    assert installed_version("no-such-package") is None
