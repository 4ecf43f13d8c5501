from arlarena_bench.envs.alfworld.draw import Draw


def test_a_stream_is_its_name() -> None:
    def draws(*name: object) -> list[object]:
        draw = Draw(*name)
        return [draw.pick("abcdef"), draw.between(0, 10**6), draw.shuffled(range(9))]

    assert draws("a", 1) == draws("a", 1)
    assert draws("a", 1) != draws("a", 2)
    # The same under every version of Python.
    assert draws("published") == ["a", 615324, [0, 5, 2, 7, 6, 8, 4, 3, 1]]


def test_ranges_are_reached_and_kept() -> None:
    draw = Draw("tests")
    assert {draw.between(-1, 1) for _ in range(100)} == {-1, 0, 1}
    assert {draw.pick("xyz") for _ in range(100)} == set("xyz")
    assert 250 < sum(draw.happens(0.3) for _ in range(1000)) < 350
