import torch
from scipy.stats import kstest, pearsonr

from arlarena_bench.streams import Stream, python_stream, stream_seed, torch_stream, uniforms


def test_streams_are_fixed_for_ever() -> None:
    # Any change of these numbers changes every published result.
    assert stream_seed(0, "tasks", 1) == 8933219151065273187
    assert python_stream(0, "tasks", 1).randrange(1000) == python_stream(0, "tasks", 1).randrange(
        1000
    )
    (numbers,) = uniforms([Stream.of(0, "replies", 1)], 2).tolist()
    assert numbers == [0.02639601566349903, 0.044013783186258815]


def test_streams_of_other_names_differ() -> None:
    names = [(0, "a", 1), (0, "a", 11), (0, "b", 1), (1, "a", 1), (0, "a1", 1)]
    assert len({stream_seed(*name) for name in names}) == len(names)
    assert len(uniforms([Stream.of(*name) for name in names], 1).unique()) == len(names)


def test_a_name_can_be_said_in_parts() -> None:
    assert Stream.of(0, "replies").sub(3, 1) == Stream.of(0, "replies", 3, 1)
    assert Stream.of(0, "a").python().random() == python_stream(0, "a").random()


def test_a_streams_numbers_depend_on_nothing_but_its_name() -> None:
    streams = [Stream.of("x", number) for number in range(9)]
    whole = uniforms(streams, 20)
    assert torch.equal(uniforms(streams[4:6], 20), whole[4:6])
    assert torch.equal(uniforms(streams, 3), whole[:, :3])


def test_numbers_are_uniform_along_streams_and_across_them() -> None:
    numbers = uniforms([Stream.of(0, "replies", i) for i in range(500)], 200)
    assert numbers.dtype == torch.float64
    assert 0 <= numbers.min() < numbers.max() < 1
    assert kstest(numbers.flatten(), "uniform").pvalue > 0.01
    assert pearsonr(numbers[:, :-1].flatten(), numbers[:, 1:].flatten()).pvalue > 0.01
    assert pearsonr(numbers[:-1].flatten(), numbers[1:].flatten()).pvalue > 0.01


def test_drawing_from_a_stream_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    torch.rand(3, generator=torch_stream(0, "x"))
    assert torch.equal(before, torch.random.get_rng_state())
