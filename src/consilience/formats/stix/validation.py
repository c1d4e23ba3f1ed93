"""Whether a STIX object keeps the rules of STIX 2.1: a list of what is wrong with it, empty where nothing is.

First the schema of its type, then the rules that go over more than one property. The second are looked at once the
first hold: an object whose ``created`` is a number has no order of timestamps. Nothing here raises for any JSON value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from jsonschema_rs import ValidationError, ValidationErrorKind

from consilience.formats.context import Limits
from consilience.formats.json_guard import too_deep
from consilience.formats.stix.object_rules import broken_rules, neighbours
from consilience.formats.stix.object_schemas import Schema, object_schema, validator
from consilience.formats.stix.object_types import Kind, object_types
from consilience.formats.stix.problem import Problem, path

PatternCheck = Callable[[str], str]
"""Says what is wrong with the syntax of a STIX pattern; empty where nothing is."""

_MOST_PROBLEMS: Final = 50
_DEPTH: Final = Limits().depth
_decode: Final = msgspec.json.Decoder().decode


def problems(obj: object, check_pattern: PatternCheck | None = None) -> list[str]:
    """Return in sentences what breaks the rules of STIX 2.1 in an object of that version; see :func:`find_problems`."""
    return [str(each) for each in find_problems(obj, check_pattern)]


def problems_in(raw: bytes, check_pattern: PatternCheck | None = None, *, skip_older: bool = False) -> list[str]:
    """Return as :func:`problems` does what is wrong with the JSON text of one object.

    With ``skip_older`` nothing is told of an object of STIX 2.0. Duplicate keys are not looked for: that is done once
    for the whole document (``json_guard.duplicate_keys``).
    """
    if too_deep(raw, 0, len(raw), _DEPTH):
        return [f"the JSON is nested more than {_DEPTH} levels deep"]
    try:
        obj = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [f"it is not JSON: {error}"]
    return [] if skip_older and is_older(obj) else problems(obj, check_pattern)


def is_older(obj: object) -> bool:
    """Return whether an object is of STIX 2.0: it says so, or says nothing and is no observable (STIX 2.1, 3.2).

    Its rules are those of another standard, which is not checked here.
    """
    if not isinstance(obj, dict) or obj.get("spec_version", "2.0") != "2.0":
        return False
    name = obj.get("type")
    known = object_types().object_types.get(name) if isinstance(name, str) else None
    is_observable = known is not None and known.kind is Kind.OBSERVABLE
    return "spec_version" in obj or ("created" in obj and not is_observable)


def find_problems(obj: object, check_pattern: PatternCheck | None = None) -> list[Problem]:
    """Return what breaks the rules (MUST) of STIX 2.1 in ``obj``, a JSON value that should be one of its objects.

    ``check_pattern`` looks at the patterns of indicators; without it their syntax is not looked at. At most 50 problems
    are told of one object. An object of STIX 2.0 is told to have a wrong ``spec_version``.
    """
    if not isinstance(obj, dict):
        return [Problem("", f"is {_kind_of(obj)}, not an object")]
    found = []
    for each in _problems(obj, check_pattern):
        found.append(each)
        if len(found) == _MOST_PROBLEMS:
            break
    return found


def _problems(obj: dict[str, Any], check_pattern: PatternCheck | None) -> Iterator[Problem]:
    name = obj.get("type")
    if not isinstance(name, str):
        yield Problem("type", "is missing" if name is None else f"is {_kind_of(name)}, not a string", "3.2")
        return
    kind = _kind(obj, name)
    failed = _schema_problems(obj, name, kind, embedded=False)
    yield from failed
    if failed:
        return
    yield from broken_rules(obj, kind)
    if name == "observed-data" and "objects" in obj:
        yield from _embedded_problems(obj["objects"])
    if name == "indicator" and check_pattern is not None and obj["pattern_type"] == "stix":
        reason = check_pattern(obj["pattern"])
        if reason:
            yield Problem("pattern", reason, "9")


def _kind(obj: dict[str, Any], name: str) -> Kind:
    """Return of which kind an object is that may be of a type of somebody's own: what its extension says (7.3)."""
    known = object_types().object_types.get(name)
    if known is not None:
        return known.kind
    extensions = obj.get("extensions")
    kinds = (
        [each.get("extension_type") for each in extensions.values() if isinstance(each, dict)]
        if isinstance(extensions, dict)
        else []
    )
    if "new-sdo" in kinds or "new-sro" in kinds:
        return Kind.DOMAIN
    is_versioned = "created" in obj or "modified" in obj
    return Kind.OBSERVABLE if "new-sco" in kinds or not is_versioned else Kind.DOMAIN


def _embedded_problems(objects: dict[str, Any]) -> Iterator[Problem]:
    sound = {}
    for key, obj in objects.items():
        place = path("objects", key)
        if not isinstance(obj, dict) or not isinstance(obj.get("type"), str):
            yield Problem(place, "is no observable: it has no type", "4.14.1")
            continue
        known = object_types().object_types.get(obj["type"])
        if known is not None and known.kind is not Kind.OBSERVABLE:
            yield Problem(f"{place}.type", f"is {obj['type'][:80]}, which is no observable", "4.14.1")
            continue
        found = _schema_problems(obj, obj["type"], Kind.OBSERVABLE, embedded=True)
        if not found:
            found = list(broken_rules(obj, Kind.OBSERVABLE, embedded=True))
            sound[key] = obj
        for each in found:
            yield Problem(f"{place}.{each.place}" if each.place else place, each.reason, each.section)
    if len(sound) == len(objects):
        yield from neighbours(sound)


def _schema_problems(obj: dict[str, Any], name: str, kind: Kind, *, embedded: bool) -> list[Problem]:
    name = name if name in object_types().object_types else ""
    compiled = validator(name, kind, embedded)
    try:
        if compiled.is_valid(obj):
            return []
        schema = object_schema(name, kind, embedded)
        # A property can fail the same rule twice: as what it is, and as one with a name in _hex or _bin.
        return list(dict.fromkeys(_problem(error, schema) for error in compiled.iter_errors(obj)))
    except (ValueError, OverflowError, RecursionError) as error:
        # UnicodeEncodeError, a ValueError, stands for half of a surrogate pair; ValueError for a nesting beyond 255.
        return [Problem("", f"is no JSON that can be exchanged: {str(error)[:120]}", "1.5")]


def _problem(error: ValidationError, schema: Schema) -> Problem:
    """Return a failure in the words of the part of the schema that was failed."""
    node: Any = schema
    section = title = ""
    for part in error.schema_path[:-1]:
        node = node[part]
        if isinstance(node, dict):
            section = node.get("$comment", section)
            title = node.get("title", "")
    section = section or schema["$comment"]
    where = [*error.instance_path]
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Required):
        return Problem(path(*where, kind.property), "is missing", section)
    if isinstance(kind, ValidationErrorKind.PropertyNames):
        return Problem(path(*where, str(kind.error.instance)), f"is not {title}", section)
    match kind.name:
        case "type":
            expected = "null" if isinstance(node["type"], list) else _ARTICLES[node["type"]]
            reason = f"is {_kind_of(error.instance)}" + ("" if expected == "null" else f", not {expected}")
        case "not":
            reason = title
        case "anyOf":
            reason = f"needs {title}"
        case "minItems" | "minProperties":
            reason = "is empty"
        case "minimum" | "maximum" | "minLength" | "maxLength" as bound:
            reason = f"is beyond the {bound} of {node[bound]}"
        case _:
            reason = f"is not {title}"
    return Problem(path(*where), reason, section)


_ARTICLES: Final = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _kind_of(value: object) -> str:
    kinds = {str: "a string", bool: "a boolean", list: "a list", dict: "an object", type(None): "null"}
    return kinds.get(type(value), "a number")
