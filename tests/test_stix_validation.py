"""The rules of STIX 2.1: a table of objects that keep them and of changes that break one, and any JSON whatever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment_fixtures import link, who
from consilience.app.validating import check_pattern, object_problems
from consilience.exchange.stix_export import bundle
from consilience.formats.stix.object_types import object_types
from consilience.formats.stix.validation import find_problems, is_older, problems, problems_in
from stix_validation_cases import BROKEN, DELETE, EMBEDDED, EMBEDDED_BROKEN, VALID, WHEN, changed, ref

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize("name", object_types().object_types)
def test_an_object_of_each_type_of_the_standard_breaks_no_rule(name: str) -> None:
    assert problems(VALID[name], check_pattern) == []


@pytest.mark.parametrize(("name", "changes", "place", "section"), BROKEN, ids=lambda each: str(each)[:50])
def test_each_broken_rule_is_told_once_with_its_place_and_section(
    name: str, changes: dict[str, object], place: str, section: str
) -> None:
    found = find_problems(changed(VALID[name], changes))
    assert len(found) == 1, list(map(str, found))
    assert found[0].place.startswith(place)
    assert found[0].section.startswith(section)


def test_the_table_breaks_a_rule_of_every_type() -> None:
    assert {name for name, *_ in BROKEN} >= object_types().object_types.keys() - {
        "course-of-action",
        "incident",
        "infrastructure",
        "threat-actor",
        "tool",
    }  # fmt: skip - these have no rule beside those of all domain objects and a name


def test_observed_data_may_hold_its_observables() -> None:
    assert problems(EMBEDDED) == []


@pytest.mark.parametrize(("changes", "place"), EMBEDDED_BROKEN)
def test_rules_hold_for_observables_inside_observed_data(changes: dict[str, object], place: str) -> None:
    assert [each.place for each in find_problems(changed(EMBEDDED, changes))] == [place]


KEPT: list[tuple[str, dict[str, object]]] = [
    # What the standard allows and a strict reading might refuse.
    ("campaign", {"modified": "2024-03-01T12:00:00.0001Z"}),
    ("campaign", {"modified": "2024-03-01T12:00:00.000000001Z"}),
    ("campaign", {"first_seen": "2016-12-31T23:59:60Z"}),
    ("campaign", {"x_note": "a property of our own", "x_set": {"Any Key": None}}),
    ("campaign", {"granular_markings": [{"selectors": ["name"], "lang": "sq"}]}),
    ("campaign", {"extensions": {ref("extension-definition"): {"extension_type": "toplevel-property-extension"}}}),
    ("campaign", {"lang": "zh-Hant-TW"}),
    ("identity", {"sectors": ["legal"], "identity_class": "our own word"}),
    ("indicator", {"pattern": "alert tcp any any", "pattern_type": "snort"}),
    ("location", {"country": DELETE, "precision": DELETE}),
    ("malware", {"is_family": False, "name": DELETE}),
    ("artifact", {"payload_bin": DELETE, "url": "https://a.example/a", "hashes": {"SHA-256": "0" * 64}}),
    ("domain-name", {"value": "bücher.example"}),
    ("file", {"hashes": {"x_ours": "any digest"}}),
    ("file", {"extensions": {"x-ours-ext": {"depth": 1}}}),
    ("ipv4-addr", {"value": "192.0.2.0/0"}),
    ("ipv6-addr", {"value": "fe80::1%eth0"}),
    ("ipv6-addr", {"value": "::ffff:192.0.2.1/128"}),
    ("ipv6-addr", {"spec_version": DELETE}),
    ("network-traffic", {"is_active": True, "end": DELETE}),
    ("process", {"pid": DELETE, "command_line": DELETE, "image_ref": ref("file")}),
    ("relationship", {"start_time": WHEN, "stop_time": "2024-03-01T12:00:00.001Z"}),
    ("directory", {"path_enc": "windows-1251"}),
    ("software", {"languages": ["sqi", "qaa", "qtz"]}),
    ("windows-registry-key", {"key": "hku-software"}),
]


@pytest.mark.parametrize(("name", "changes"), KEPT, ids=lambda each: str(each)[:50])
def test_what_the_standard_allows_is_no_problem(name: str, changes: dict[str, object]) -> None:
    assert problems(changed(VALID[name], changes), check_pattern) == []


def test_the_four_tlp_markings_are_fixed() -> None:
    green = changed(
        VALID["marking-definition"],
        {
            "id": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
            "created": "2017-01-20T00:00:00.000Z",
            "name": "TLP:GREEN",
            "definition_type": "tlp",
            "definition": {"tlp": "green"},
        },
    )
    assert problems(green) == []
    for other in ({"definition": {"tlp": "red"}}, {"name": "TLP:RED"}, {"created": WHEN}, {"definition": {"tlp": [1]}}):
        assert [each.place for each in find_problems({**green, **other})] == ["definition"]


OWN = {"type": "x-ours", "id": ref("x-ours"), "spec_version": "2.1"}
NEW_OBSERVABLE = {"extensions": {ref("extension-definition"): {"extension_type": "new-sco"}}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"created": WHEN, "modified": WHEN, "weight": 1.5}, []),
        ({"created": WHEN}, ["modified: is missing (STIX 2.1, 3.2)"]),
        (NEW_OBSERVABLE, []),
        ({}, []),
        ({"id": ref("campaign")}, ["id: does not begin with the type of the object (STIX 2.1, 2.9)"]),
        ({"type": "action", "id": ref("action")}, ["type: 'action' is reserved (STIX 2.1, 3.8)"]),
        ({"type": "X-Ours"}, ["type: is not a name of a-z, 0-9 and - (STIX 2.1, 3.1)"]),
        ({"type": "ab"}, ["type: is beyond the minLength of 3 (STIX 2.1, 3.1)"]),
    ],
)
def test_types_of_somebodys_own(changes: dict[str, object], expected: list[str]) -> None:
    assert problems({**OWN, **changes})[:1] == expected


def test_all_problems_of_an_object_are_told_in_sentences() -> None:
    obj = changed(VALID["campaign"], {"name": 7, "confidence": 101, "labels": [], "severity": "high"})
    assert sorted(problems(obj)) == [
        "confidence: is beyond the maximum of 100 (STIX 2.1, 2.10)",
        "labels: is empty (STIX 2.1, 2.12)",
        "name: is a number, not a string (STIX 2.1, 2.14)",
        "severity: is there although the name is reserved (STIX 2.1, 3.8)",
    ]


def test_patterns_are_looked_at_where_somebody_can_read_them() -> None:
    wrong = changed(VALID["indicator"], {"pattern": "[ipv4-addr:value = ]"})
    assert problems(wrong) == []
    (problem,) = problems(wrong, check_pattern)
    assert problem.startswith("pattern: ")
    assert problem.endswith("(STIX 2.1, 9)")


@pytest.mark.parametrize(
    ("obj", "older"),
    [
        (VALID["campaign"], False),
        (changed(VALID["campaign"], {"spec_version": DELETE}), True),
        (changed(VALID["campaign"], {"spec_version": "2.0"}), True),
        (changed(VALID["campaign"], {"spec_version": 2}), False),
        (changed(VALID["url"], {"spec_version": DELETE}), False),
        ({"type": "campaign"}, False),
        ([], False),
    ],
)
def test_objects_of_stix_2_0_are_known_as_such(obj: object, older: bool) -> None:
    assert is_older(obj) is older
    assert not older or object_problems(json.dumps(obj).encode()) == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b'{"type": "\xff"}', "it is not JSON"),
        (b'{"type": "campaign", "name": "\\ud800"}', "it is not JSON"),
        (b"[" * 100_000, "the JSON is nested more than 64 levels deep"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "the JSON is nested more than 64 levels deep"),
        (b"[]", "is a list, not an object"),
        (b"null", "is null, not an object"),
        (b"1e400", "it is not JSON"),
        (b'{"type": "campaign", "confidence": 1' + b"0" * 5_000 + b"}", ""),
    ],
)
def test_hostile_bytes_give_a_list_of_problems(raw: bytes, reason: str) -> None:
    found = problems_in(raw)
    assert found
    assert found[0].startswith(reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json_gives_a_list(value: object) -> None:
    assert all(isinstance(each, str) for each in problems(value))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_list(raw: bytes) -> None:
    assert all(isinstance(each, str) for each in problems_in(raw))


def _places() -> list[tuple[str, str]]:
    """Return every property of every type, and the common ones, as (type of object, property)."""
    common = (
        "id", "spec_version", "created", "modified", "created_by_ref", "labels", "lang", "external_references",
        "object_marking_refs", "granular_markings", "extensions", "defanged", "x_ours",
    )  # fmt: skip
    return [
        (name, each) for name, known in object_types().object_types.items() for each in (*common, *known.properties)
    ]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_places()), JSON)
def test_any_json_at_any_property_gives_a_list(place: tuple[str, str], value: object) -> None:
    name, each = place
    assert all(isinstance(line, str) for line in problems({**VALID[name], each: value}, check_pattern))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["0", "1"]), st.sampled_from(["type", "id", "name", "path", "extensions", "hashes"]), JSON)
def test_any_json_inside_observed_data_gives_a_list(key: str, name: str, value: object) -> None:
    obj: dict[str, Any] = changed(EMBEDDED, {})
    obj["objects"][key][name] = value
    assert all(isinstance(line, str) for line in problems(obj))


@pytest.mark.parametrize("assessment", [who(), link()], ids=["who", "link"])
def test_the_bundles_that_we_export_break_no_rule(assessment: Any) -> None:
    for obj in json.loads(bundle(assessment))["objects"]:
        assert problems(obj, check_pattern) == []


@pytest.mark.parametrize("path", sorted(CASES.glob("*/documents/*.stix.json")), ids=lambda path: path.name)
def test_the_bundles_of_the_cases_break_no_rule(path: Path) -> None:
    for obj in json.loads(path.read_text("utf-8"))["objects"]:
        assert problems(obj, check_pattern) == []
