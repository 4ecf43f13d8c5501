from arlarena_bench.harness.listing import CHOICES, inventory, listing, method_choices
from arlarena_bench.installed import method_names


def test_every_installed_method_has_four_choices() -> None:
    found = {row["name"]: row for row in inventory()["methods"]}
    assert sorted(found) == method_names()
    assert all(list(row) == ["name", *CHOICES] for row in found.values())
    assert found["sampo"]["filter"] != found["grpo"]["filter"]


def test_a_choice_names_what_it_wraps() -> None:
    plain, masked = method_choices("cispo"), method_choices("cispo_sm")
    assert masked["loss"] == f"SequenceMask({plain['loss']})"
    assert masked["advantage"] == plain["advantage"]


def test_the_listing_shows_all_of_it() -> None:
    text = listing(inventory())
    for word in (*method_names(), "arlarena/Sokoban-v0", "nano-stress"):
        assert word in text
