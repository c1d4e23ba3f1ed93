"""The suites of the OASIS pattern matcher and pattern validator, as their packages install them, run on our code.

Every parametrised case of ``stix2matcher.test.v21`` and ``stix2patterns.test.v21`` is called with ``match`` and
``validate`` exchanged for ours. Left out, with the reason, is what tests functions inside the other implementation.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from types import FunctionType, ModuleType
from typing import Any

import pytest

from consilience.errors import InputError
from consilience.formats.stix_pattern.evaluation import Matcher
from consilience.formats.stix_pattern.objects import Observations, observations_of
from consilience.formats.stix_pattern.parser import parse
from consilience.formats.stix_pattern.well_formed import faults_of

MATCHER_MODULES = [
    *("basic_ops", "binary", "comparison_exprs", "complex", "matching_sdos", "multi_sdo", "null"),
    *("object_path_quoting", "observation_exprs", "references", "temporal_qualifiers", "timestamps"),
    "unicode_normalization",
]
INSIDE_THE_MATCHER = {
    "test_overlap": "tests a function of the matcher that tells intervals apart, not a pattern",
    "test_intervals_within_match": "tests a function of the matcher on intervals, not a pattern",
    "test_intervals_within_nomatch": "tests a function of the matcher on intervals, not a pattern",
}
CASES_OF_THE_MATCHER = 457
"""Of which 34 test functions inside the matcher."""


def match(pattern: str, observed: list[dict[str, Any]], verbose: bool = False, stix_version: str = "2.0") -> list[Any]:
    """Answer as ``stix2matcher.matcher.match`` does: the observed data of the first set that matches."""
    parsed = parse(pattern, stix_version)
    objects = [each for data in observed for each in (data["objects"] if data["type"] == "bundle" else [data])]
    observations = observations_of(objects)
    raise_any(observations)
    answer = Matcher(observations).first(parsed)
    if answer.faults:
        raise InputError(answer.faults[0])
    data = [each for each in objects if each["type"] == "observed-data"]
    return [{"objects": [data[place]]} for place in answer.observations]


def raise_any(observations: Observations) -> None:
    for issue in observations.issues:
        raise InputError(issue.reason, place=issue.place)


def suite(package: str, name: str) -> ModuleType | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(f"{package}.test.v21.test_{name}")
        except ImportError:
            return None


def cases(package: str, names: list[str]) -> list[Any]:
    """Return (module, function, arguments) of every parametrised case, each under the name that pytest gives it."""
    found = []
    for name in names:
        module = suite(package, name)
        for title, function in vars(module).items() if module else ():
            if not title.startswith("test_") or not isinstance(function, FunctionType):
                continue
            (mark,) = [each for each in function.pytestmark if each.name == "parametrize"]
            titles = [each.strip() for each in mark.args[0].split(",")]
            for number, values in enumerate(mark.args[1]):
                arguments = dict(zip(titles, values if len(titles) > 1 else (values,), strict=True))
                found.append(pytest.param(module, function, arguments, id=f"{name}-{title}-{number}"))
    return found


MATCHER_CASES = cases("stix2matcher", MATCHER_MODULES)
VALIDATOR_CASES = cases("stix2patterns", ["validator"])


@pytest.mark.skipif(not MATCHER_CASES, reason="stix2-matcher is not installed")
def test_the_matcher_s_suite_is_there_whole():
    assert len(MATCHER_CASES) == CASES_OF_THE_MATCHER


@pytest.mark.parametrize(("module", "function", "arguments"), MATCHER_CASES)
def test_the_cases_of_the_matcher(module, function, arguments, monkeypatch):
    if function.__name__ in INSIDE_THE_MATCHER:
        pytest.skip(INSIDE_THE_MATCHER[function.__name__])
    for name in ("MatcherException", "ParseException"):
        monkeypatch.setattr(module, name, InputError, raising=False)
    monkeypatch.setattr(module, "match", match)
    function(**arguments)


def accepts(pattern: str) -> bool:
    """Return whether a pattern is in the language and keeps to the rules that its grammar cannot express."""
    try:
        return not faults_of(parse(pattern))
    except InputError:
        return False


@pytest.mark.parametrize(("module", "function", "arguments"), VALIDATOR_CASES)
def test_the_cases_of_the_validator(module, function, arguments):
    """The wording of errors is each implementation's own; what is compared is whether the pattern is accepted."""
    assert inspect.getmodule(function) is module
    assert accepts(arguments["test_input"]) is ("fail" not in function.__name__)
