"""The cases of OASIS's STIX validator (cti-stix-validator, ``test/v21``), run on our rules and advice.

No package on PyPI installs that suite (looked at: wheels 2.0.2, 3.0.2, 3.1.4, 3.2.0 and 3.3.1, sdist of 3.2.0), so it
runs where somebody has a checkout; it prints how many cases pass and which do not:
``CONSILIENCE_STIX_VALIDATOR_SUITE=CHECKOUT pytest tests/conformance/test_stix_validator_suite.py``.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import unittest
import warnings
from pathlib import Path
from typing import Any

import pytest

from consilience.app.validating import check_pattern
from consilience.formats.stix.object_advice import advice
from consilience.formats.stix.problem import Problem
from consilience.formats.stix.validation import find_problems

SUITE = os.environ.get("CONSILIENCE_STIX_VALIDATOR_SUITE", "")
LEFT_OUT = {
    "interop_tests": "rules of the interoperability document, not of STIX 2.1",
    "misc_tests": "files, log and print functions of the other program",
    "util_tests": "functions inside of the other program",
}
BY_SCHEMA_ALONE = 170
"""How many of the suite's 287 cases OASIS's JSON Schemas pass without any further rule."""

CODES = {
    # What the suite calls a piece of advice when it switches it off, by section and place of ours.
    ("2.7", ""): "hash-algo",
    ("2.9", ""): "uuid-check",
    ("2.13", ""): "open-vocab-format",
    ("2.11", ""): "kill-chain-names",
    ("4.7.1", ""): "indicator-properties",
    ("4.14.1", ""): "deprecated-properties",
    ("5.1.1", ""): "relationship-types",
    ("6.12.1", ""): "network-traffic-ports",
    ("7.3.1", "description"): "extension-description",
    ("7.3.1", "extension_properties"): "extension-properties",
    ("6.7.1", ""): "mime-type",
    ("6.7.4", ""): "pdf-doc-info",
    ("6.13.2", ""): "windows-process-priority-format",
    ("7.2.1", ""): "marking-definition-type",
    ("11.1", ""): "extensions-use",
    ("11.2", ""): "extensions-use",
}
VOCABULARIES = {
    "implementation-language-ov": "implementation-languages",
    "indicator-type-ov": "indicator-types",
    "infrastructure-type-ov": "infrastructure-types",
    "malware-type-ov": "malware-types",
    "pattern-type-ov": "indicator-pattern-types",
    "report-type-ov": "report-types",
    "threat-actor-type-ov": "threat-actor-types",
    "tool-type-ov": "tool-types",
}


def code_of(given: Problem) -> str:
    """Return the suite's name of a piece of advice."""
    vocabulary = re.search(r"is not in ([a-z0-9-]+-ov)", given.reason)
    if given.section == "10" and vocabulary:
        return VOCABULARIES.get(vocabulary[1], vocabulary[1].removesuffix("-ov"))
    return CODES.get((given.section, given.place)) or CODES[given.section, ""]


def faults(obj: dict[str, Any], options: Any) -> list[str]:
    """Return what counts as an error under the suite's options: rules always, advice where it is to be strict."""
    found = find_problems(obj, check_pattern)
    if found or not options.strict:
        return [str(each) for each in found]
    given = [(code_of(each), str(each)) for each in advice(obj)]
    off, only = _names(options.disabled), _names(options.enabled)
    return [text for code, text in given if code not in off and "all" not in off and (not only or code in only)]


def _names(option: str | list[str]) -> set[str]:
    return {each for each in (option.split(",") if isinstance(option, str) else option or ()) if each}


def _ours(validator: Any) -> Any:
    def validate(obj: Any, options: Any = None) -> Any:
        options = options or validator.ValidationOptions()
        if isinstance(obj, list):
            return [validate(each, options) for each in obj]
        if not isinstance(obj, dict) or "type" not in obj:
            raise validator.ValidationError("no object with a type")
        inside = obj.get("objects", []) if obj["type"] == "bundle" else [obj]
        errors = [line for each in inside for line in faults(each, options)]
        return validator.validator.ObjectValidationResults(not errors, object_id=obj.get("id", ""), errors=errors)

    return validate


@pytest.mark.skipif(
    not SUITE, reason="no package installs the suite: CONSILIENCE_STIX_VALIDATOR_SUITE names a checkout"
)
@pytest.mark.filterwarnings("ignore")
def test_the_cases_of_the_validator(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        validator = pytest.importorskip("stix2validator", reason="stix2-validator is not installed")
        tests = importlib.import_module("stix2validator.test")
    validate = _ours(validator)
    monkeypatch.setattr(validator, "validate_parsed_json", validate)
    monkeypatch.setattr(validator, "validate_string", lambda text, options=None: validate(json.loads(text), options))
    folder = Path(SUITE) / "stix2validator" / "test"
    monkeypatch.setattr(tests, "__path__", [str(folder)])
    cases = unittest.TestSuite()
    for path in sorted((folder / "v21").glob("*_tests.py")):
        if path.stem not in LEFT_OUT:
            module = importlib.import_module(f"stix2validator.test.v21.{path.stem}")
            cases.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
    result = unittest.TestResult()
    cases.run(result)
    failed = [case.id().rpartition("v21.")[2] for case, _ in [*result.failures, *result.errors]]
    with capsys.disabled():
        print(f"\n{result.testsRun - len(failed)} of {result.testsRun} cases pass; not:", *failed, sep="\n  ")
    assert result.testsRun
    assert [trace for _, trace in result.errors if __file__ in trace] == []
    if result.testsRun > BY_SCHEMA_ALONE:
        assert result.testsRun - len(failed) > BY_SCHEMA_ALONE
