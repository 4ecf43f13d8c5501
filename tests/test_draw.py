from arlarena_bench.draw import Draw


class Drawn(Draw):
    world = "Tests-v0"


class Others(Draw):
    world = "Others-v0"


def draws(kind: type[Draw], *name: object) -> list[object]:
    draw = kind(*name)
    return [draw.pick("abcdef"), draw.between(0, 10**6), draw.shuffled(range(9))]


def test_a_stream_is_its_world_and_its_name() -> None:
    assert draws(Drawn, "a", 1) == draws(Drawn, "a", 1)
    assert draws(Drawn, "a", 1) != draws(Drawn, "a", 2)
    assert draws(Drawn, "a", 1) != draws(Others, "a", 1)
    # The same under every version of Python.
    assert draws(Drawn, "published") == ["f", 568231, [1, 2, 3, 8, 4, 5, 7, 0, 6]]


def test_ranges_are_reached_and_kept() -> None:
    draw = Drawn("ranges")
    assert {draw.between(-1, 1) for _ in range(100)} == {-1, 0, 1}
    assert {draw.pick("xyz") for _ in range(100)} == set("xyz")
    assert 250 < sum(draw.happens(0.3) for _ in range(1000)) < 350
    numbers = [draw.within(2.0, 3.0) for _ in range(100)]
    assert 2.0 <= min(numbers) < 2.2 < 2.8 < max(numbers) <= 3.0


def test_some_keep_their_order() -> None:
    draw = Drawn("some")
    samples = [draw.some("abcd", 1, 3) for _ in range(100)]
    assert {len(sample) for sample in samples} == {1, 2, 3}
    assert all(sample == sorted(set(sample)) for sample in samples)
    assert draw.some("ab", 5, 9) == ["a", "b"]
