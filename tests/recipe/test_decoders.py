"""Decoders: which a recipe scores under, what each is, and that they came after digests."""

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError, load_recipe
from arlarena_bench.recipe.sections import DecoderSection, EvaluationSection

T1 = DecoderSection()


@pytest.mark.parametrize(
    ("environment", "temperature", "headline"),
    [
        ("alfworld_mini", 0.6, "paper"),
        ("webshop_mini", 0.6, "paper"),
        ("sokoban", 0.7, "paper"),
        ("tir_math_mini", 0.6, "paper"),
    ],
)
def test_presets_score_under_the_papers_decoder_too(
    environment: str, temperature: float, headline: str
) -> None:
    settings = load_recipe("nano", environment).evaluation
    assert next(iter(settings.scored())) == headline
    assert sorted(settings.scored()) == ["greedy", "paper", "t1"]
    paper = DecoderSection(temperature=temperature, top_p=0.95, top_k=20)
    assert settings.scored()["paper"] == paper
    flipped = load_recipe("nano", environment).with_values({"evaluation.headline": "paper"})
    assert next(iter(flipped.evaluation.scored().items())) == ("paper", paper)
    assert sorted(flipped.evaluation.scored()) == sorted(settings.scored())


def test_a_recipe_without_a_headline_describes_it() -> None:
    assert next(iter(EvaluationSection().scored().items())) == ("t1", T1)
    assert list(EvaluationSection(temperature=0.0).scored()) == ["greedy", "paper", "t1"]
    own = EvaluationSection(temperature=0.4, decoders={}).scored()
    assert own == {"own": DecoderSection(temperature=0.4)}
    assert EvaluationSection(decoders={}).scored() == {"t1": T1}


def test_what_is_scored_beside_the_headline_leaves_the_digest() -> None:
    recipe = signpost_recipe()
    cool = {"temperature": 0.1}
    beside = recipe.with_values({"evaluation.decoders": {"cool": cool}})
    assert beside.digest() == recipe.digest()
    assert "decoders" not in recipe.model_dump(context={"for": "digest"})["evaluation"]
    headline = beside.with_values({"evaluation.headline": "cool"})
    warmer = headline.with_values({"evaluation.decoders.cool.temperature": 0.2})
    assert len({recipe.digest(), headline.digest(), warmer.digest()}) == 3
    more = headline.with_values({"evaluation.decoders": {"cool": cool, "t1": {}}})
    assert more.digest() == headline.digest()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"headline": "papr"}, r"headline 'papr' is no decoder; did you mean 'paper'\?"),
        ({"headline": "paper", "top_k": 5}, "but headline names paper; set decoders.paper"),
        ({"decoders": {"own": {}}}, "'own' is what temperature, top_p and top_k describe"),
        ({"decoders": {"a/b": {}}}, "String should match pattern"),
        ({"decoders": {"cool": {"temprature": 1.0}}}, "did you mean 'temperature'"),
        ({"decoders": {"cool": {"top_p": 0.0}}}, "decoders.cool.top_p"),
    ],
)
def test_a_mistake_is_one_line(values: dict[str, object], said: str) -> None:
    settings = {f"evaluation.{name}": value for name, value in values.items()}
    with pytest.raises(ArenaError, match=said) as caught:
        signpost_recipe(**settings)
    assert "\n" not in str(caught.value)
