from arlarena_bench.envs.alfworld.draw import Draw


def test_draws_are_the_published_ones() -> None:
    draw = Draw("published")
    assert draw.pick("abcdef") == "a"
    assert draw.between(0, 10**6) == 615324
    assert draw.shuffled(range(9)) == [0, 5, 2, 7, 6, 8, 4, 3, 1]
