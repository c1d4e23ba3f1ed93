"""What STIX 2.1 advises against: a table of objects that break no rule and do otherwise."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from consilience.formats.stix.object_advice import advice
from consilience.formats.stix.validation import find_problems
from stix_validation_cases import DELETE, EMBEDDED, VALID, WHEN, changed, ref

HASHED = "5d0092c5-5f74-5287-9642-33f4c354e56d"
EXTENSION = ref("extension-definition")


def advised(name: str, changes: dict[str, object] | None = None) -> dict[str, Any]:
    """Return the object of this type that does all that is advised, with these changes."""
    obj = changed(
        VALID[name], {"id": f"{name}--{HASHED}"} if "created" not in VALID[name] and name != "process" else {}
    )
    obj.update({"network-traffic": {"src_port": 50_000}, "indicator": {"name": "a"}}.get(name, {}))
    if name in ("extension-definition", "indicator"):
        obj["description"] = "What it is for."
    return changed(obj, changes or {})


AGAINST: list[tuple[str, dict[str, object], str, str]] = [
    # type, what is changed, place of the advice, section of STIX 2.1
    ("campaign", {"id": f"campaign--{HASHED}"}, "id", "2.9"),
    ("campaign", {"x_weight": 1}, "x_weight", "11.1"),
    ("attack-pattern", {"kill_chain_phases.0.phase_name": "Initial Access"}, "kill_chain_phases[0].phase_name", "2.11"),
    ("grouping", {"context": "attribution"}, "context", "10"),
    ("identity", {"identity_class": "firm"}, "identity_class", "10"),
    ("identity", {"sectors": ["energy", "oil"]}, "sectors[1]", "10"),
    ("indicator", {"indicator_types": ["bad"]}, "indicator_types[0]", "10"),
    ("indicator", {"pattern_type": "spl"}, "pattern_type", "10"),
    ("infrastructure", {"infrastructure_types": ["c2"]}, "infrastructure_types[0]", "10"),
    ("intrusion-set", {"resource_level": "high"}, "resource_level", "10"),
    ("intrusion-set", {"primary_motivation": "money"}, "primary_motivation", "10"),
    ("location", {"region": "balkans"}, "region", "10"),
    ("malware", {"malware_types": ["eraser"]}, "malware_types[0]", "10"),
    ("malware", {"capabilities": ["wipes"]}, "capabilities[0]", "10"),
    ("malware-analysis", {"result": "bad"}, "result", "10"),
    ("report", {"report_types": ["blog"]}, "report_types[0]", "10"),
    ("threat-actor", {"threat_actor_types": ["apt"]}, "threat_actor_types[0]", "10"),
    ("threat-actor", {"roles": ["boss"]}, "roles[0]", "10"),
    ("threat-actor", {"sophistication": "high"}, "sophistication", "10"),
    ("tool", {"tool_types": ["shell"]}, "tool_types[0]", "10"),
    ("file", {"id": ref("file")}, "id", "2.9"),
    ("file", {"hashes": {"sha256": "0" * 64}}, "hashes.sha256", "2.7"),
    (
        "file",
        {"extensions": {"windows-pebinary-ext": {"pe_type": "elf"}}},
        "extensions.windows-pebinary-ext.pe_type",
        "",
    ),
    (
        "file",
        {"extensions": {"ntfs-ext": {"alternate_data_streams": [{"name": "a", "hashes": {"crc": "1"}}]}}},
        "extensions.ntfs-ext.alternate_data_streams[0].hashes.crc",
        "2.7",
    ),
    ("network-traffic", {"src_port": DELETE}, "src_port", "6.12.1"),
    ("indicator", {"description": DELETE}, "description", "4.7.1"),
    ("extension-definition", {"description": DELETE}, "description", "7.3.1"),
    (
        "extension-definition",
        {"extension_types": ["toplevel-property-extension"]},
        "extension_properties",
        "7.3.1",
    ),
    ("relationship", {"relationship_type": "mitigates"}, "relationship_type", "5.1.1"),
    ("relationship", {"target_ref": ref("report")}, "relationship_type", "5.1.1"),
    (
        "process",
        {"extensions": {"windows-process-ext": {"priority": "HIGH"}}},
        "extensions.windows-process-ext.priority",
        "",
    ),
    ("file", {"mime_type": "bla"}, "mime_type", "6.7.1"),
    (
        "file",
        {"extensions": {"pdf-ext": {"document_info_dict": {"Title": "a", "Colour": "b"}}}},
        "extensions.pdf-ext.document_info_dict.Colour",
        "6.7.4",
    ),
    ("file", {"extensions": {"pdf-ext": {"version": "1.7", "pages": 2}}}, "extensions.pdf-ext.pages", "11.1"),
    ("windows-registry-key", {"values.0.weight": 1}, "values[0].weight", "11.1"),
    ("marking-definition", {"definition_type": "ours"}, "definition_type", "7.2.1"),
    ("user-account", {"account_type": "superhero"}, "account_type", "10"),
]


@pytest.mark.parametrize("name", VALID)
def test_an_object_can_do_all_that_is_advised(name: str) -> None:
    assert find_problems(advised(name)) == []
    assert advice(advised(name)) == []


@pytest.mark.parametrize(("name", "changes", "place", "section"), AGAINST, ids=lambda each: str(each)[:50])
def test_each_piece_of_advice_is_given_once(name: str, changes: dict[str, object], place: str, section: str) -> None:
    obj = advised(name, changes)
    assert find_problems(obj) == []
    (given,) = advice(obj)
    assert given.place == place
    assert given.section.startswith(section)


WEIGHED = {**VALID["campaign"], "weight": 1}


def test_a_word_of_ones_own_should_be_written_as_those_of_the_standard() -> None:
    given = [(each.place, each.section) for each in advice(advised("identity", {"sectors": ["Oil and gas"]}))]
    assert given == [("sectors[0]", "10"), ("sectors[0]", "2.13")]


OWN = {"type": "x-ours", "id": ref("x-ours"), "spec_version": "2.1", "created": WHEN, "modified": WHEN}


@pytest.mark.parametrize(
    ("obj", "places"),
    [
        (OWN, ["type"]),
        ({**VALID["relationship"], "relationship_type": "related-to", "target_ref": ref("report")}, []),
        ({**VALID["relationship"], "relationship_type": "ours", "target_ref": ref("x-ours")}, []),
        ({**OWN, "extensions": {EXTENSION: {"extension_type": "new-sdo"}}}, []),
        ({**WEIGHED, "extensions": {EXTENSION: {"extension_type": "property-extension"}}}, ["weight"]),
        ({**WEIGHED, "extensions": {EXTENSION: {"extension_type": "toplevel-property-extension"}}}, []),
        (EMBEDDED, ["objects", "objects.0.id", "objects.1.id"]),
        ({**VALID["file"], "id": f"file--{HASHED}", "hashes": {"x_ours": "1"}}, []),
    ],
)
def test_what_is_somebodys_own_belongs_into_an_extension(obj: dict[str, Any], places: list[str]) -> None:
    assert find_problems(obj) == []
    assert [each.place for each in advice(obj)] == places


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_validator_of_oasis_warns_of_the_same() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stix2validator = pytest.importorskip("stix2validator", reason="OASIS's validator is not installed")

    def strictly(obj: dict[str, Any]) -> bool:
        options = stix2validator.ValidationOptions(version="2.1", strict=True)
        return bool(stix2validator.validate_instance(obj, options).is_valid)

    assert [name for name in VALID if not strictly(advised(name))] == []
    assert [name for name, changes, _, _ in AGAINST if strictly(advised(name, changes))] == []
