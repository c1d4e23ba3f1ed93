"""Rules of STIX 2.1 for all types of objects that JSON Schemas cannot say, or say at too high a price."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from consilience.formats.stix.object_types import DataType, Kind, object_types
from consilience.formats.stix.problem import Problem, path
from consilience.formats.stix.type_rules import LANGUAGE, RULES, Object, id_version

_INDEX: Final = re.compile(r"\[(\d+)\]")
_KNOWN_IDS: Final = {
    "cve": re.compile(r"CVE-\d{4}-(?:0\d{3}|[1-9]\d{3,})"),
    "capec": re.compile(r"CAPEC-\d+"),
}


@functools.cache
def _inner_timestamps(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths to timestamps inside of values and of the extensions of the standard."""
    table = object_types()
    if name not in table.object_types:
        return ()
    inner: dict[tuple[str, ...], DataType] = {
        ("extensions", key): each for key, each in table.extensions_of(name).items()
    }
    for key, word in table.object_types[name].properties.items():
        if word in table.data_types:
            inner[key,] = table.data_types[word]
    return tuple(
        (*at, key) for at, each in inner.items() for key, word in each.properties.items() if word == "timestamp"
    )


@functools.cache
def _timestamps(name: str) -> tuple[str, ...]:
    known = object_types().object_types.get(name)
    own = known.properties.items() if known else ()
    return ("created", "modified", *(key for key, word in own if word == "timestamp"))


def _instant(text: str) -> tuple[str, str]:
    """Return a timestamp so that two can be compared at any precision."""
    return text[:19], text[20:-1].rstrip("0")


def _is_on_calendar(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:17] + text[17:19].replace("60", "59"))  # a leap second is on no Python clock
    except ValueError:
        return False
    return True


def timestamps(obj: Object) -> Iterator[Problem]:
    """Tell of timestamps that no calendar has (2.15), and of pairs in the wrong order (3.6 and the types' sections)."""
    for name in _timestamps(obj["type"]):
        if name in obj and not _is_on_calendar(obj[name]):
            yield Problem(name, "is a day that no calendar has", "2.15")
    for at in _inner_timestamps(obj["type"]):
        value: Any = obj
        for name in at:
            value = value.get(name, {})
        if value and not _is_on_calendar(value):
            yield Problem(path(*at), "is a day that no calendar has", "2.15")
    if "modified" in obj and "created" in obj and _instant(obj["modified"]) < _instant(obj["created"]):
        yield Problem("modified", "is before created", "3.6")
    known = object_types().object_types.get(obj["type"])
    if known is None:
        return
    for later, earlier in known.not_before:
        if later in obj and earlier in obj and _instant(obj[later]) < _instant(obj[earlier]):
            yield Problem(later, f"is before {earlier}", known.section)
    for later, earlier in known.after:
        if later in obj and earlier in obj and _instant(obj[later]) <= _instant(obj[earlier]):
            yield Problem(later, f"is not after {earlier}", known.section)


def external_references(obj: Object) -> Iterator[Problem]:
    """Tell of CVE and CAPEC ids that are not written as such, and of hash algorithms without a name (2.5)."""
    algorithms = object_types().vocabularies["hash-algorithm-ov"]
    for index, reference in enumerate(obj.get("external_references", ())):
        source, given = reference["source_name"], reference.get("external_id")
        form = _KNOWN_IDS.get(source)
        if form is not None and not (given and form.fullmatch(given)):
            yield Problem(path("external_references", index, "external_id"), f"is no {source.upper()} id", "2.5.2")
        elif form is None and given and any(each.fullmatch(given) for each in _KNOWN_IDS.values()):
            place = path("external_references", index, "source_name")
            yield Problem(place, f"must be {given.partition('-')[0].lower()} for {given}", "2.5.2")
        for name in reference.get("hashes", ()):
            if name not in algorithms:
                place = path("external_references", index, "hashes", name)
                yield Problem(place, f"is none of {', '.join(algorithms)}", "2.5.1")


def granular_markings(obj: Object) -> Iterator[Problem]:
    """Tell of markings with both or none of a language and a marking, and of selectors that select nothing (7.2.3)."""
    for index, marking in enumerate(obj.get("granular_markings", ())):
        place = path("granular_markings", index)
        if ("lang" in marking) == ("marking_ref" in marking):
            yield Problem(place, "exactly one of lang and marking_ref must be there", "7.2.3.1")
        if "lang" in marking and not LANGUAGE.fullmatch(marking["lang"]):
            yield Problem(f"{place}.lang", "is no RFC 5646 language code", "7.2.3.1")
        for number, selector in enumerate(marking["selectors"]):
            if not _selects(obj, selector):
                yield Problem(
                    path("granular_markings", index, "selectors", number), f"{selector[:80]!r} is not there", "7.2.3.1"
                )


def _selects(obj: Object, selector: str) -> bool:
    value: Any = obj
    for part in selector.split("."):
        index = _INDEX.fullmatch(part)
        if index is not None:
            if not isinstance(value, list) or len(index[1]) > 9 or int(index[1]) >= len(value):
                return False
            value = value[int(index[1])]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return False
    return True


def _identity(obj: Object) -> Iterator[Problem]:
    """Tell of the type name that is reserved (3.8), and of an id that is of another type than the object (2.9)."""
    if obj["type"] == "action":
        yield Problem("type", "'action' is reserved", "3.8")
    if not obj["id"].startswith(f"{obj['type']}--"):
        yield Problem("id", "does not begin with the type of the object", "2.9")


def broken_rules(obj: Object, kind: Kind, *, embedded: bool = False) -> Iterator[Problem]:
    """Tell of all rules that an object of this kind breaks which has passed the schema of its type."""
    yield from timestamps(obj)
    if "lang" in obj and not LANGUAGE.fullmatch(obj["lang"]):
        yield Problem("lang", "is no RFC 5646 language code", "3.2")
    if "external_references" in obj:
        yield from external_references(obj)
    if "granular_markings" in obj:
        yield from granular_markings(obj)
    if obj["type"] not in object_types().object_types:
        yield from _identity(obj)
    if obj["type"] in RULES:
        yield from RULES[obj["type"]](obj)
    if kind is Kind.OBSERVABLE and not embedded:
        yield from id_version(obj)


def neighbours(objects: dict[str, Object]) -> Iterator[Problem]:
    """Tell of references among the objects inside observed data that lead nowhere, or to a wrong type (4.14.1)."""
    table = object_types()
    for key, obj in objects.items():
        known = table.object_types.get(obj["type"])
        if known is None:
            continue
        at = ("objects", key)
        yield from _references(objects, obj, known.properties, at)
        for name, extension in table.extensions_of(obj["type"]).items():
            inner = obj.get("extensions", {}).get(name)
            if inner is not None:
                yield from _references(objects, inner, extension.properties, (*at, "extensions", name))


def _references(
    objects: dict[str, Object], obj: Object, words: dict[str, str], at: tuple[str | int, ...]
) -> Iterator[Problem]:
    for name, word in words.items():
        if name not in obj:
            continue
        kind = word.removeprefix("list of ")
        if kind == "mime-part":
            for index, part in enumerate(obj[name]):
                yield from _references(objects, part, object_types().data_types[kind].properties, (*at, name, index))
        if not kind.startswith("reference"):
            continue
        allowed = kind.removeprefix("reference").strip()
        for ref in obj[name] if word.startswith("list of ") else [obj[name]]:
            target = objects.get(ref)
            if target is None:
                yield Problem(path(*at, name), f"{ref[:80]!r} is not among the objects", "4.14.1")
            elif allowed and target["type"] not in allowed.split("|"):
                yield Problem(path(*at, name), f"refers to a {target['type']}, not to a {allowed}", "4.14.1")
