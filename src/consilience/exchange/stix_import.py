"""Our own STIX bundles read back: the assessment that a partner sent, as far as STIX and our extension carry it.

What is read is what the bundle says. It cannot be weighed again: for that there is the assessment package. Objects of
other kinds are passed over here and stay in the bundle, whose bytes the store keeps.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, NoReturn

import jsonschema_rs
import msgspec

from consilience.errors import FormatError, LimitError
from consilience.exchange.stix_extension import EXTENSION, SCHEMA, Centre
from consilience.model.assessment import Assessment
from consilience.model.marking import OF_STIX_ID, Marking, most_restrictive

LARGEST: Final = 64 << 20
_CLOSE: Final = 0.001
"""Posteriors are rounded to four decimals: of twenty hypotheses they add up to 1 within this."""

_STIX_ID: Final = re.compile(r"[a-z0-9-]+--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ReceivedAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment as a bundle tells of it: without waterfall, ledger and timeline, which STIX does not carry.

    ``relationships`` maps hypotheses to the ids of their relationships, which a review refers to.
    """

    assessment: Assessment
    author: Centre
    grouping: str
    relationships: dict[str, str]


def read_bundle(data: bytes, *, file: str = "") -> ReceivedAssessment:
    """Return the assessment in a STIX bundle.

    Raises :class:`LimitError` for more than :data:`LARGEST` bytes or nesting without end, and :class:`FormatError`,
    with the place, where the bundle holds no assessment, more than one, or one that contradicts itself: a confidence
    that is not the posterior's, several authors, a marking or a hypothesis that is referred to and not there.
    """
    return _Bundle(_objects(data, file), file).assessment()


def _objects(data: bytes, file: str) -> list[dict[str, Any]]:
    if len(data) > LARGEST:
        raise LimitError(f"has {len(data):,} bytes, more than the limit of {LARGEST:,}", file=file)
    try:
        found = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except RecursionError as error:
        raise LimitError("is nested too deeply to be read", file=file) from error
    except ValueError as error:
        raise FormatError(f"is not JSON in UTF-8: {str(error)[:200]}", file=file) from error
    objects = found.get("objects") if isinstance(found, dict) else None
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise FormatError("is no STIX bundle", file=file)
    return objects


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return fields


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class _Bundle:
    """Reads the objects of one bundle."""

    def __init__(self, objects: Iterable[dict[str, Any]], file: str) -> None:
        self._file = file
        self._objects: dict[str, dict[str, Any]] = {}
        for number, each in enumerate(objects):
            identifier = each.get("id")
            if not isinstance(identifier, str) or not _STIX_ID.fullmatch(identifier):
                self._refuse("has no STIX id", f"/objects/{number}")
            if self._objects.setdefault(identifier, each) != each:
                self._refuse("stands twice, with different contents", identifier)

    def assessment(self) -> ReceivedAssessment:
        groupings = [each for each in self._objects.values() if each.get("type") == "grouping" and added(each)]
        if len(groupings) != 1:
            self._refuse(f"{len(groupings) or 'no'} assessments are in it; one is read", "objects")
        grouping = groupings[0]
        place = grouping["id"]
        held = [self._referred(each, place) for each in _texts(grouping.get("object_refs"))]
        for each in (grouping, *held):
            self._check_extension(each)
        relationships = [each for each in held if each.get("type") == "relationship" and "hypothesis" in added(each)]
        for each in relationships:
            self._check_confidence(each)
        marking = most_restrictive(self._marking(each) for each in (grouping, *held))
        authors = {each.get("created_by_ref") for each in (grouping, *held)}
        if len(authors) != 1:
            self._refuse("objects of one assessment have several authors", place)
        found = self._convert(grouping, relationships, held, marking)
        self._check_hypotheses(found, place)
        return ReceivedAssessment(
            assessment=found,
            author=self._author(authors.pop(), place),
            grouping=place,
            relationships={added(each)["hypothesis"]: each["id"] for each in relationships},
        )

    def _check_extension(self, each: Mapping[str, Any]) -> None:
        wrong = next(_schema().iter_errors(added(each)), None) if added(each) else None
        if wrong is not None:
            self._refuse(f"the extension is not as its schema says: {wrong.message[:200]}", each["id"])

    def _check_confidence(self, relationship: Mapping[str, Any]) -> None:
        said, posterior = relationship.get("confidence"), added(relationship).get("posterior")
        if posterior is None or said != round(100 * posterior):
            self._refuse(
                f"says confidence {said} and, in its extension, a posterior of {posterior}", relationship["id"]
            )

    def _convert(
        self,
        grouping: Mapping[str, Any],
        relationships: Iterable[Mapping[str, Any]],
        held: Iterable[Mapping[str, Any]],
        marking: Marking,
    ) -> Assessment:
        told = added(grouping)
        hypotheses = [_hypothesis(each) for each in relationships]
        likelihood: object = next((each for each in hypotheses if each["id"] == told.get("leading")), None)
        if likelihood is None:
            self._refuse(f"lacks the hypothesis {told.get('leading')!r}, which leads", grouping["id"])
        confidence = told.get("analytic_confidence", {})
        fields = {
            **told,
            "hypotheses": hypotheses,
            "likelihood": likelihood,
            "scales": [likelihood],
            "confidence": confidence,
            "confidence_reasons": confidence.get("reasons", ()),
            "reasons": told.get("reasons", ()),
            "evidence": [_item(each) for each in told.get("evidence", ())],
            "basis": {**told.get("basis", {}), "settings": _mapping(told.get("basis", {}).get("settings", ()))},
            "incident": next((added(each)["incident"] for each in held if "incident" in added(each)), {}),
            "documents": [{**each, "format": "", "source": "", "lang": ""} for each in told.get("documents", ())],
            "marking": marking,
            **dict.fromkeys(("waterfall", "sensitivity", "next_observations"), ()),
        }
        try:
            return msgspec.convert({name: each for name, each in fields.items() if name != "ladder"}, Assessment)
        except msgspec.ValidationError as error:
            self._refuse(f"is no assessment: {error}", grouping["id"])

    def _check_hypotheses(self, found: Assessment, place: str) -> None:
        ids = [each.id for each in found.hypotheses]
        if len(set(ids)) < len(ids):
            self._refuse("has a hypothesis twice", place)
        lost = {key for item in found.evidence for key in item.weights} - set(ids)
        if lost:
            self._refuse(f"lacks hypotheses that its evidence is weighed for: {', '.join(sorted(lost))}", place)
        total = math.fsum(each.posterior for each in found.hypotheses)
        if abs(total - 1.0) > _CLOSE:
            self._refuse(f"has posteriors that add up to {total:.4f}: a hypothesis is missing or changed", place)

    def _marking(self, each: Mapping[str, Any]) -> Marking:
        granular = each.get("granular_markings")
        listed = granular if isinstance(granular, list) else []
        refs = _texts(each.get("object_marking_refs"))
        refs += _texts([one.get("marking_ref") for one in listed if isinstance(one, dict)])
        found = []
        for ref in refs:
            if ref not in OF_STIX_ID and ref not in self._objects:
                self._refuse(f"refers to the marking {ref}, which is not there", each["id"])
            # A marking of another kind binds more than we can tell: it is taken as strict.
            found.append(OF_STIX_ID.get(ref, Marking.AMBER_STRICT))
        return most_restrictive(found)

    def _author(self, identifier: object, place: str) -> Centre:
        if not isinstance(identifier, str) or not identifier.startswith("identity--"):
            self._refuse("names no author", place)
        name = self._objects.get(identifier, {}).get("name")
        return Centre(identifier, name if isinstance(name, str) else "")

    def _referred(self, identifier: str, place: str) -> dict[str, Any]:
        if identifier not in self._objects:
            self._refuse(f"holds {identifier}, which is not in the bundle", place)
        return self._objects[identifier]

    def _refuse(self, reason: str, place: str) -> NoReturn:
        raise FormatError(reason, file=self._file, place=place)


@cache
def _schema() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(SCHEMA)


def added(each: Mapping[str, Any]) -> dict[str, Any]:
    """Return our extension of an object; empty where it has none."""
    extensions = each.get("extensions")
    found = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _mapping(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in pairs}


def _hypothesis(relationship: Mapping[str, Any]) -> dict[str, Any]:
    told = added(relationship)
    return {
        **told,
        "id": told["hypothesis"],
        "of": told.get("imitates", ""),
        "by": told.get("imitator", ""),
        "lang": relationship.get("lang", ""),
    }


def _item(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an item of evidence, as far as the schema has looked at them."""
    return {
        **told,
        "id": told["item"],
        "params": _mapping(told.get("params", ())),
        "weights": {each["hypothesis"]: each["decibans"] for each in told["weights"]},
        "parts": [{**each, "params": _mapping(each.get("params", ()))} for each in told.get("parts", ())],
    }
