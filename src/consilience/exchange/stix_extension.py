"""Our STIX 2.1 property extension for assessments: its id, its JSON Schema and the object that defines it.

``docs/stix-extension.md`` says what each property means. The schema and the definition are also published as files in
``docs/``, for consumers who do not run this program. The definition belongs in a collection of its own: medallion, the
TAXII reference server, fails on every read of a collection that holds one.
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from consilience.model.assessment import HypothesisKind
from consilience.model.case import Question
from consilience.model.marking import STIX_ID, TLP2_EXTENSION, Marking

Object = dict[str, object]


class Centre(msgspec.Struct, frozen=True):
    """Who answers for an assessment or a review of one: a STIX identity id and a name."""

    identity: str
    name: str


SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:consilience:stix")
"""Names in this space: the first line of each seed says what is named."""

EXTENSION: Final = f"extension-definition--{uuid.uuid5(SPACE, 'extension-definition')}"
AUTHOR: Final = f"identity--{uuid.uuid5(SPACE, 'identity')}"
VERSION: Final = "1.1.0"
# The definition and the author are the same objects in every bundle, so their dates are fixed.
_DEFINED: Final = "2026-11-22T00:00:00.000Z"
_CHANGED: Final = "2026-11-26T00:00:00.000Z"
# OASIS dates the TLP 2.0 marking definitions so, in its common-objects repository.
_TLP2_CREATED: Final = "2022-10-01T00:00:00.000Z"

_TEXT: Final[Object] = {"type": "string"}
_TEXTS: Final[Object] = {"type": "array", "items": _TEXT}
_PROBABILITY: Final[Object] = {"type": "number", "minimum": 0, "maximum": 1}
_NUMBER: Final[Object] = {"type": "number"}
_BY_LANGUAGE: Final[Object] = {"type": "object", "additionalProperties": _TEXT}


def _object(required: str, **properties: Object) -> Object:
    """Return the schema of an object; ``required`` names properties, separated by blanks."""
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: Object) -> Object:
    return {"type": "array", "items": items}


_PAIRS: Final = _list(_object("name value", name=_TEXT, value=_TEXT))
_EVIDENCE: Final = _object(
    "item family kind group speaks_for weights statements",
    item=_TEXT,
    family=_TEXT,
    kind=_TEXT,
    params=_PAIRS,
    group=_TEXT,
    speaks_for=_TEXT,
    weights=_list(_object("hypothesis decibans", hypothesis=_TEXT, decibans=_NUMBER)),
    parts=_list(_object("name decibans", name=_TEXT, decibans=_NUMBER, params=_PAIRS)),
    plant_class=_TEXT,
    sources=_TEXTS,
    origins=_TEXTS,
    statements=_TEXTS,
    quotations=_list(
        _object("text lang source document", text=_TEXT, lang=_TEXT, source=_TEXT, document=_TEXT, place=_TEXT)
    ),
)

# STIX 2.1, 7.3, allows the schema itself in place of its address.
SCHEMA: Final[Object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": f"Consilience attribution assessment, version {VERSION}",
    "type": "object",
    "required": ["extension_type"],
    "properties": {
        "extension_type": {"const": "property-extension"},
        "hypothesis": _TEXT,
        "kind": {"enum": [kind.value for kind in HypothesisKind]},
        "label": _BY_LANGUAGE,
        "names": _TEXTS,
        "country": _TEXT,
        "imitates": _TEXT,
        "imitator": _TEXT,
        "prior": _PROBABILITY,
        "posterior": _PROBABILITY,
        "term": _TEXT,
        "scale": _TEXT,
        "low": _PROBABILITY,
        "high": _PROBABILITY,
        "placeholder": {"type": "boolean"},
        "case": _TEXT,
        "question": {"enum": [question.value for question in Question]},
        "title": _BY_LANGUAGE,
        "asks": _BY_LANGUAGE,
        "leading": _TEXT,
        "abstains": {"type": "boolean"},
        "reasons": _TEXTS,
        "headline": _BY_LANGUAGE,
        "analytic_confidence": _object("term level", term=_TEXT, level=_TEXT, scale=_TEXT, lang=_TEXT, reasons=_TEXTS),
        "independent_origins": {"type": "integer", "minimum": 0},
        "evidence": _list(_EVIDENCE),
        "basis": _object(
            "statements statements_sha256 observations observations_sha256 knowledge method settings",
            statements={"type": "integer"},
            statements_sha256=_TEXT,
            observations={"type": "integer"},
            observations_sha256=_TEXT,
            knowledge=_TEXT,
            method=_TEXT,
            settings=_list(_object("name value", name=_TEXT, value=_NUMBER)),
        ),
        "documents": _list(_object("sha256 name marking", sha256=_TEXT, name=_TEXT, marking=_TEXT)),
        "incident": _object("first last", first=_TEXT, last=_TEXT),
        "ladder": _list({"type": "object"}),
        "state_responsibility": {"type": "object"},
        "reviewed_item": _TEXT,
        "reviewed_posterior": _PROBABILITY,
    },
}


def extended(properties: Object) -> Object:
    """Return our extension with the properties that hold something, as ``extensions`` of an object."""
    held = filled(properties)
    confidence = held.get("analytic_confidence")
    if isinstance(confidence, dict):
        held["analytic_confidence"] = filled(confidence)
    return {EXTENSION: {"extension_type": "property-extension", **held}}


def filled(properties: Object) -> Object:
    """Return the properties that hold something: STIX 2.1 (3.1) allows no empty list."""
    return {name: value for name, value in properties.items() if not isinstance(value, list | tuple) or value}


def definition() -> Object:
    """Return the extension-definition object."""
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": EXTENSION,
        "created": _DEFINED,
        "modified": _CHANGED,
        "created_by_ref": AUTHOR,
        "name": "attribution-assessment",
        "description": "Hypotheses with prior and posterior, worded likelihood, weights of evidence, and digests.",
        "schema": msgspec.json.encode(SCHEMA, order="sorted").decode(),
        "version": VERSION,
        "extension_types": ["property-extension"],
        "object_marking_refs": [STIX_ID[Marking.CLEAR]],
    }


def program() -> Object:
    """Return the identity of the program, which has defined the extension."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": AUTHOR,
        "created": _DEFINED,
        "modified": _DEFINED,
        "created_by_ref": AUTHOR,
        "name": "Consilience",
        "description": "The program that weighed the evidence, by settings that the assessment names.",
        "identity_class": "system",
        "lang": "en",
        "object_marking_refs": [STIX_ID[Marking.CLEAR]],
    }


def centre_identity(centre: Centre) -> Object:
    """Return the identity of a centre."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": centre.identity,
        "created": _DEFINED,
        "modified": _DEFINED,
        "created_by_ref": centre.identity,
        "name": centre.name,
        "identity_class": "organization",
        "object_marking_refs": [STIX_ID[Marking.CLEAR]],
    }


def tlp_definition(marking: Marking) -> Object:
    """Return the marking-definition of TLP 2.0 with its fixed id; it is not predefined in STIX, so that it travels."""
    label = marking.value.removeprefix("TLP:").lower()
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": STIX_ID[marking],
        "created": _TLP2_CREATED,
        "name": marking.value,
        "extensions": {TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": label}},
    }


def published_schema() -> bytes:
    """Return the JSON Schema as it is published in ``docs/``."""
    return msgspec.json.format(msgspec.json.encode(SCHEMA), indent=2) + b"\n"


def published_definition() -> bytes:
    """Return the bundle that defines the extension, and holds nothing else, as it is published in ``docs/``."""
    objects = [tlp_definition(Marking.CLEAR), program(), definition()]
    content: Object = {
        "type": "bundle",
        "id": f"bundle--{uuid.uuid5(SPACE, f'definition {VERSION}')}",
        "objects": objects,
    }
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"
