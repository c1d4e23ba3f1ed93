"""JSON Schemas of STIX 2.1 objects, made from the table of object types and compiled once.

They hold what can be said of a property on its own: its type, form and bounds, and that it is there. Each part that an
object can fail carries in ``title`` what is demanded, or what is wrong where nothing is allowed, and in ``$comment``
the section of STIX 2.1 that demands it.
"""

from __future__ import annotations

import functools
from string import ascii_lowercase
from typing import Any, Final

import jsonschema_rs

from consilience.formats.stix.object_types import DataType, Kind, ObjectType, object_types

Schema = dict[str, Any]

# RFC 4122, versions 1 to 5 in the variant of that standard (2.9).
_UUID: Final = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
_TYPE_NAME: Final = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*-?"
_MOMENT: Final = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
)
_EXTENSION: Final = f"^extension-definition--{_UUID}$"
_HASHES: Final = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-512": 128, "SHA3-256": 64, "SHA3-512": 128}


def _text(pattern: str, title: str, section: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$", "title": title, "$comment": section}


_ANY: Final[Schema] = {
    "type": ["array", "string", "integer", "boolean", "number", "object"],
    "minItems": 1,
    "$comment": "2",
    "title": "a value: neither null nor an empty list",
}
_BINARY: Final = _text("(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", "base64", "2.1")
_HEX: Final = _text("(?:[0-9a-fA-F]{2})+", "pairs of hexadecimal digits", "2.8")
_KEY: Final = {"pattern": "^[a-zA-Z0-9_-]{1,250}$", "title": "a key of 1 to 250 of a-z, A-Z, 0-9, - and _"}
_DICTIONARY: Final[Schema] = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": _KEY,
    "title": "a dictionary",
    "$comment": "2.3",
}
_NAMES: Final[Schema] = {
    "propertyNames": {"pattern": "^(?:[a-z0-9_]{3,250}|id)$", "title": "a name of 3 to 250 of a-z, 0-9 and _"},
    "patternProperties": {"_bin$": _BINARY, "_hex$": _HEX},
    "additionalProperties": _ANY,
}
_SIMPLE: Final[dict[str, Schema]] = {
    "string": {"type": "string", "$comment": "2.14"},
    "boolean": {"type": "boolean", "$comment": "2.2"},
    "integer": {"type": "integer", "$comment": "2.10"},
    "number": {"type": "number", "$comment": "2.6"},
    "object": {"type": "object", "minProperties": 1},
    "dictionary": _DICTIONARY,
    "observable-objects": {"type": "object", "minProperties": 1},
    "binary": _BINARY,
    "hex": _HEX,
    "timestamp": _text(_MOMENT + r"(?:\.[0-9]+)?Z", "an RFC 3339 timestamp in UTC", "2.15"),
    "version-timestamp": _text(_MOMENT + r"\.[0-9]{3,}Z", "an RFC 3339 timestamp in UTC with milliseconds", "3.2"),
    "url": {"type": "string", "format": "uri", "title": "an RFC 3986 URI"},
    "hashes": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-zA-Z0-9_-]{3,250}$", "title": "the name of a hash algorithm"},
        "properties": {
            name: _text(f"[0-9a-fA-F]{{{length}}}", f"{length} hexadecimal digits", "2.7")
            for name, length in _HASHES.items()
        }
        | {
            "SSDEEP": _text("[a-zA-Z0-9/+:.]{1,128}", "an SSDEEP digest", "2.7"),
            "TLSH": _text("(?:T1)?[a-zA-Z0-9]{70}", "a TLSH digest", "2.7"),
        },
        "additionalProperties": {"type": "string"},
        "title": "a dictionary of hashes",
        "$comment": "2.7",
    },
    "selector": _text(
        r"(?:[a-z0-9_-]{3,250}(?:\.(?:\[[0-9]+\]|[a-zA-Z0-9_-]{1,250}))*|id)", "a selector of a property", "7.2.3.1"
    ),
    "relationship-type": _text("[a-z0-9-]+", "of the letters a-z, digits and hyphens", "5.1.1"),
    "media-type": _text(
        "(?:application|audio|font|image|message|model|multipart|text|video)/[a-zA-Z0-9.+_-]+",
        "an IANA media type",
        "6.1.1",
    ),
    "domain": {"type": "string", "format": "idn-hostname", "title": "a domain name (RFC 1034, RFC 5890)"},
    "e-mail-address": {
        "type": "string",
        "format": "email",
        "pattern": r"""^(?:"[^"]*"|[^\s"<>@]+)@[^\s<>@]+$""",
        "title": "an RFC 5322 address without a name",
    },
    "mac-address": _text("(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", "six pairs of lower-case hexadecimal digits", "6.10.1"),
    "cpe": _text(r"cpe:2\.3:[aho*-](?::(?:\\.|[^:\\])+){10}", "a CPE 2.3 formatted string", "6.14.1"),
    "registry-key": _text(
        r"(?!(?i:HKLM|HKCC|HKCR|HKCU|HKU)(?:\\|$))(?s:.*)", "a key with the name of its hive in full", "6.17.1"
    ),
}


_LOCAL_LANGUAGES: Final = [f"q{second}{third}" for second in ascii_lowercase[:20] for third in ascii_lowercase]


def _reference(to: str) -> Schema:
    if to.startswith("!"):
        excluded = to[1:].replace("|", ", ")
        title = f"the id of an object other than {excluded}"
        return _text(f"(?!(?:{to[1:]})--){_TYPE_NAME}--{_UUID}", title, "2.9")
    title = f"the id of an object of the type {to.replace('|', ' or ')}" if to else "the id of an object: type--UUID"
    return _text(f"(?:{to or _TYPE_NAME})--{_UUID}", title, "2.9")


def _value(word: str, embedded: bool) -> Schema:
    """Return the schema of a type of value by its word in the table.

    An object ``embedded`` in observed data refers to its neighbours by their keys and not by ids (4.14.1).
    """
    if word.startswith("list of "):
        items = _value(word.removeprefix("list of "), embedded)
        return {"type": "array", "items": items, "minItems": 1, "title": "a list that is not empty", "$comment": "2.12"}
    if word.startswith("dictionary of "):
        return _DICTIONARY | {"additionalProperties": _value(word.removeprefix("dictionary of "), embedded)}
    name, _, rest = word.partition(" ")
    if name == "reference":
        return {"type": "string"} if embedded else _reference(rest)
    if name == "vocabulary":
        return _SIMPLE["string"]
    if name == "enum":
        values = list(object_types().vocabularies[rest])
        return {"enum": values, "title": f"one of {', '.join(values)}", "$comment": "2.4"}
    if name == "register":
        own = _LOCAL_LANGUAGES if rest == "iso-639-2" else []
        return {
            "enum": [*object_types().registers[rest], *own],
            "title": f"in the register of {rest}",
            "$comment": "2.14",
        }
    if name in _SIMPLE:
        low, _, high = rest.partition("..")
        bounds = ({"minimum": int(low)} if low else {}) | ({"maximum": int(high)} if high else {})
        return _SIMPLE[name] | bounds
    return _data_type(object_types().data_types[name], embedded)


def _properties(words: dict[str, str], embedded: bool) -> Schema:
    return {name: _value(word, embedded) for name, word in words.items()}


def _one_of(names: tuple[str, ...]) -> Schema:
    if not names:
        return {}
    return {"anyOf": [{"required": [name]} for name in names], "title": f"at least one of {', '.join(names)}"}


def _data_type(each: DataType, embedded: bool) -> Schema:
    return {
        "type": "object",
        "minProperties": 0 if each.at_least_one else 1,
        "properties": _properties(each.properties, embedded),
        "required": list(each.required),
        "$comment": each.section,
        **_NAMES,
        **_one_of(each.at_least_one),
    }


def _extensions(name: str, embedded: bool) -> Schema:
    kinds = list(object_types().vocabularies["extension-type-enum"])
    by_definition: Schema = {
        "type": "object",
        "properties": {"extension_type": {"enum": kinds, "title": f"one of {', '.join(kinds)}", "$comment": "7.3"}},
        "required": ["extension_type"],
        "$comment": "7.3",
        **_NAMES,
    }
    known = {key: _data_type(each, embedded) for key, each in object_types().extensions_of(name).items()}
    custom = {"type": "object", "minProperties": 1, **_NAMES}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": known,
        "patternProperties": {
            _EXTENSION: by_definition,
            f"^(?!(?:{'|'.join(known) or '-'})$){_TYPE_NAME}-ext$": custom,
        },
        "additionalProperties": {"not": {}, "title": "is neither the id of an extension definition nor a name in -ext"},
        "$comment": "7.3",
    }


_RESERVED: Final = ("action", "phone_numbers", "severity", "username")
_COMMON: Final = {
    "granular_markings": "list of granular-marking",
    "object_marking_refs": "list of reference marking-definition",
}
_DOMAIN: Final = {
    "created": "version-timestamp",
    "modified": "version-timestamp",
    "created_by_ref": "reference identity",
    "revoked": "boolean",
    "labels": "list of string",
    "confidence": "integer 0..100",
    "lang": "string",
    "external_references": "list of external-reference",
}
# Observables have none of the properties of domain objects; where one is there all the same, it has its usual type.
_PROPERTIES: Final = _COMMON | _DOMAIN
_OF_KIND: Final = {
    Kind.DOMAIN: _PROPERTIES,
    Kind.OBSERVABLE: _PROPERTIES | {"defanged": "boolean"},
    Kind.META: _PROPERTIES | {"created": "timestamp"},
}


def common_properties(kind: Kind) -> dict[str, str]:
    """Return the properties that all objects of a kind may have, beside type, id, spec_version and extensions (3.2)."""
    return _COMMON | {"defanged": "boolean"} if kind is Kind.OBSERVABLE else _OF_KIND[kind]


_REQUIRED: Final = {
    Kind.DOMAIN: ("spec_version", "created", "modified"),
    Kind.OBSERVABLE: (),
    Kind.META: ("spec_version", "created"),
}


def _object_schema(name: str, each: ObjectType, embedded: bool) -> Schema:
    type_name = name or _TYPE_NAME
    return {
        "type": "object",
        "properties": {
            "type": _text(type_name, "a name of a-z, 0-9 and -", "3.1") | {"minLength": 3, "maxLength": 250},
            "id": _text(f"{type_name}--{_UUID}", f"the id of the object: {name or 'type'}--UUID (RFC 4122)", "2.9"),
            "spec_version": {"enum": ["2.1"], "title": "2.1", "$comment": "3.2"},
            "extensions": _extensions(name, embedded),
            **{
                reserved: {"not": {}, "title": "is there although the name is reserved", "$comment": "3.8"}
                for reserved in _RESERVED
            },
            **_properties(_OF_KIND[each.kind], embedded=False),
            **_properties(each.properties, embedded),
        },
        "required": ["type", "id", *_REQUIRED[each.kind], *each.required],
        "$comment": each.section,
        **_NAMES,
        **_one_of(each.at_least_one),
    }


_UNKNOWN: Final = {kind: ObjectType(section="3.2", kind=kind, properties={}) for kind in Kind}


@functools.cache
def object_schema(name: str, kind: Kind = Kind.DOMAIN, embedded: bool = False) -> Schema:
    """Return the JSON Schema of the type of object ``name``; one that the table does not have is of the ``kind``."""
    known = object_types().object_types
    return (
        _object_schema(name, known[name], embedded) if name in known else _object_schema("", _UNKNOWN[kind], embedded)
    )


@functools.cache
def validator(name: str, kind: Kind = Kind.DOMAIN, embedded: bool = False) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled schema of :func:`object_schema`."""
    return jsonschema_rs.Draft202012Validator(object_schema(name, kind, embedded), validate_formats=True)
