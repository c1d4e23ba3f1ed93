"""Our table of words holds the numbers that MISP's own taxonomies give; the installed package is the judge."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files

import pytest

SCALES = tomllib.loads((files("consilience.knowledge") / "data" / "estimative_scales.toml").read_text("utf-8"))


def numbers(taxonomy: str, predicate: str) -> dict[str, int]:
    place = files("pytaxonomies") / "data" / "misp-taxonomies" / taxonomy / "machinetag.json"
    values = json.loads(place.read_text("utf-8"))["values"]
    entries = next(each["entry"] for each in values if each["predicate"] == predicate)
    return {each["value"]: each["numerical_value"] for each in entries}


@pytest.mark.parametrize(
    ("table", "taxonomy", "predicate"),
    [
        ("misp-estimative-language", "estimative-language", "likelihood-probability"),
        ("misp-fr", "vocabulaire-des-probabilites-estimatives", "degré-de-probabilité"),
    ],
)
def test_likelihood_numbers(table: str, taxonomy: str, predicate: str) -> None:
    ours = next(each["numbers"] for each in SCALES["number_table"] if each["id"] == table)
    assert ours == list(numbers(taxonomy, predicate).values())


def test_confidence_numbers() -> None:
    levels = SCALES["confidence"]["level"]
    misp = numbers("estimative-language", "confidence-in-analytic-judgment")
    assert {level: levels[level]["misp"] for level in levels} == misp


@pytest.mark.parametrize("axis", ["reliability", "credibility"])
def test_admiralty_numbers(axis: str) -> None:
    predicate = {"reliability": "source-reliability", "credibility": "information-credibility"}[axis]
    ours = {grade.lower(): entry["misp"] for grade, entry in SCALES["admiralty"][axis].items()}
    misp = numbers("admiralty-scale", predicate)
    assert ours == {grade: misp[grade] for grade in ours}
    assert misp.keys() - ours.keys() <= {"g"}  # "deceptive" is MISP's own; NATO's code has no such grade
