"""Our table of STIX 2.1 beside what OASIS publishes: its JSON Schemas, its validator, and MITRE ATT&CK."""

from __future__ import annotations

import functools
import json
import lzma
import warnings
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import jsonschema_rs
import pytest

from conftest import shared
from consilience.app.validating import check_pattern
from consilience.formats.stix.object_types import object_types
from consilience.formats.stix.validation import problems
from stix_validation_cases import BROKEN, EMBEDDED, EMBEDDED_BROKEN, VALID, changed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    stix2validator = pytest.importorskip("stix2validator", reason="OASIS's validator and schemas are not installed")

SCHEMAS = files("stix2validator") / "schemas-2.1" / "schemas"

ADDED = {("malware", "is_family"), ("email-message", "is_multipart"), ("network-traffic", "is_active")} | {
    ("email-message", "body"),
    ("email-message", "body_multipart"),
    ("marking-definition", "definition"),
    ("marking-definition", "definition_type"),
}
"""Properties that the schemas of OASIS name only inside of conditions."""

STRICTER = {
    # Rules of the standard that OASIS's validator 3.2.0 does not check, by type and first changed property.
    ("campaign", "a" * 251): "the name of a property has at most 250 characters (3.1)",
    ("campaign", "object_marking_refs"): "these are ids of marking definitions (3.2)",
    ("campaign", "granular_markings"): "a marking has either lang or marking_ref, not both (7.2.3.1)",
    ("intrusion-set", "granular_markings"): "an index into a text selects nothing (7.2.3.1)",
    ("directory", "contains_refs"): "these are files and directories (6.3.1)",
    ("domain-name", "resolves_to_refs"): "these are addresses and domain names (6.4.1)",
}


@functools.cache
def schemas() -> dict[str, Any]:
    """Return OASIS's schemas of objects by type."""
    found: dict[str, Any] = {}

    def walk(folder: Traversable) -> None:
        for each in folder.iterdir():
            if each.is_dir():
                walk(each)
            elif each.name.endswith(".json"):
                found[each.name.removesuffix(".json")] = json.loads(each.read_text("utf-8"))

    walk(SCHEMAS)
    return found


@functools.cache
def oasis(name: str) -> Callable[[object], bool]:
    """Return whether an object passes OASIS's schema of this type."""
    registry = jsonschema_rs.Registry([(each["$id"], each) for each in schemas().values()])
    schema = {"$ref": schemas()[name]["$id"]}
    return jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True).is_valid


def _own(schema: dict[str, Any]) -> tuple[set[str], set[str]]:
    names, required = set(schema.get("properties", {})), set(schema.get("required", []))
    for part in schema.get("allOf", []):
        if "$ref" not in part:
            inner = _own(part)
            names, required = names | inner[0], required | inner[1]
    return names, required


COMMON = {
    "type", "id", "spec_version", "created", "modified", "created_by_ref", "external_references",
    "object_marking_refs", "granular_markings", "extensions",
}  # fmt: skip


@pytest.mark.parametrize("name", object_types().object_types)
def test_properties_and_requirements_are_those_of_the_schemas_of_oasis(name: str) -> None:
    properties, required = _own(schemas()[name])
    known = object_types().object_types[name]
    assert properties - COMMON == known.properties.keys() - {own for kind, own in ADDED if kind == name}
    assert required - COMMON == set(known.required) - ({"is_multipart"} if name == "email-message" else set())


@pytest.mark.parametrize("name", VALID)
def test_what_we_accept_passes_the_schemas_of_oasis(name: str) -> None:
    assert oasis(name)(VALID[name])


def _accepted(obj: dict[str, Any]) -> bool:
    """Return the verdict of OASIS's validator on the rules that must be kept."""
    try:
        return bool(stix2validator.validate_instance(obj, stix2validator.ValidationOptions(version="2.1")).is_valid)
    except (KeyError, TypeError, AttributeError, stix2validator.ValidationError):
        return False  # it fails itself where the type is missing or no text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_validator_of_oasis_comes_to_the_same_verdicts() -> None:
    accepted = [name for name, obj in VALID.items() if _accepted(obj)]
    assert accepted == list(VALID)
    assert _accepted(EMBEDDED)
    missed = {
        (name, next(iter(changes))): problems(changed(VALID[name], changes))
        for name, changes, _, _ in BROKEN
        if _accepted(changed(VALID[name], changes))
    }
    assert missed.keys() == STRICTER.keys()
    assert not any(_accepted(changed(EMBEDDED, changes)) for changes, _ in EMBEDDED_BROKEN)


def test_attack_passes_our_rules_and_the_schemas_of_oasis() -> None:
    packed = shared("attack", "enterprise-attack-18.1.json.xz")
    objects = json.loads(lzma.decompress(packed.read_bytes()))["objects"]
    assert len(objects) == 24_771
    for obj in objects:
        # The file is of STIX 2.0; these two are what 2.1 demands beside it.
        obj["spec_version"] = "2.1"
        if obj["type"] == "malware":
            obj["is_family"] = True
        assert problems(obj, check_pattern) == []
        assert oasis(obj["type"] if obj["type"] in schemas() else "core")(obj)
