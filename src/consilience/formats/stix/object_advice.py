"""What STIX 2.1 advises (SHOULD) and an object does otherwise: it breaks no rule, and a partner may stumble on it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator
from typing import Any, Final

from consilience.formats.stix.object_schemas import common_properties
from consilience.formats.stix.object_types import Kind, object_types
from consilience.formats.stix.problem import Problem, path

_TERM: Final = re.compile(r"[a-z0-9+#-]+")


def advice(obj: dict[str, Any]) -> list[Problem]:
    """Return what the standard advises against in an object that breaks none of its rules (``find_problems``).

    Looked at are: values outside of vocabularies (10) and how kill chains are written (2.11), names of hash algorithms
    (2.7), properties and types of somebody's own without an extension (11), the UUID versions of ids (2.9),
    relationships that the standard does not have (5.1.1), what indicators and extension definitions should say, and
    observed data that holds observables itself, with these; media types of files, keys of PDFs and markings of
    somebody's own.
    """
    table = object_types()
    known = table.object_types.get(obj["type"])
    if known is None:
        found = [] if _is_extended(obj, "new-sdo", "new-sco", "new-sro") else [_own_type(obj)]
        return [*found, *_id_version(obj, Kind.DOMAIN if "created" in obj else Kind.OBSERVABLE)]
    properties = known.properties | common_properties(known.kind)
    found = [*_values(obj, properties, ()), *_id_version(obj, known.kind)]
    for name, extension in table.extensions_of(obj["type"]).items():
        if name in obj.get("extensions", {}):
            found.extend(_values(obj["extensions"][name], extension.properties, ("extensions", name)))
            found.extend(_own_properties(obj["extensions"][name], extension.properties, ("extensions", name)))
    if not _is_extended(obj, "toplevel-property-extension"):
        found.extend(_own_properties(obj, properties.keys() | _ALWAYS, ()))
    return [*found, *(_OF_TYPE[obj["type"]](obj) if obj["type"] in _OF_TYPE else ())]


def _extension_definition(obj: dict[str, Any]) -> Iterator[Problem]:
    if "description" not in obj:
        yield Problem("description", "should be there", "7.3.1")
    if "toplevel-property-extension" in obj["extension_types"] and "extension_properties" not in obj:
        yield Problem("extension_properties", "should name the properties that stand at the top level", "7.3.1")


def _indicator(obj: dict[str, Any]) -> Iterator[Problem]:
    for name in ("name", "description"):
        if name not in obj:
            yield Problem(name, "should be there, to say what the indicator detects and why", "4.7.1")


def _network_traffic(obj: dict[str, Any]) -> Iterator[Problem]:
    if not {"src_port", "dst_port"} <= obj.keys():
        yield Problem("src_port", "src_port and dst_port should both be there", "6.12.1")


def _file(obj: dict[str, Any]) -> Iterator[Problem]:
    if "mime_type" in obj and not _MEDIA_TYPE.fullmatch(obj["mime_type"]):
        yield Problem("mime_type", "is no IANA media type", "6.7.1")
    for name in obj.get("extensions", {}).get("pdf-ext", {}).get("document_info_dict", {}):
        if name not in _PDF_INFORMATION:
            yield Problem(path("extensions", "pdf-ext", "document_info_dict", name), "is no key of a PDF", "6.7.4")


def _marking_definition(obj: dict[str, Any]) -> Iterator[Problem]:
    if obj.get("definition_type", "tlp") not in ("tlp", "statement"):
        yield Problem("definition_type", "is not of the standard; an extension is advised", "7.2.1")


def _observed_data(obj: dict[str, Any]) -> Iterator[Problem]:
    if "objects" in obj:
        yield Problem("objects", "is deprecated in favour of object_refs", "4.14.1")
    for key, inner in obj.get("objects", {}).items():
        for each in advice(inner):
            yield Problem(f"{path('objects', key)}.{each.place}", each.reason, each.section)


def _process(obj: dict[str, Any]) -> Iterator[Problem]:
    priority = obj.get("extensions", {}).get("windows-process-ext", {}).get("priority", "_CLASS")
    if not priority.endswith("_CLASS"):
        yield Problem("extensions.windows-process-ext.priority", "does not end in _CLASS", "6.13.2")


def _relationship(obj: dict[str, Any]) -> Iterator[Problem]:
    table = object_types()
    source, target = (obj[name].partition("--")[0] for name in ("source_ref", "target_ref"))
    if obj["relationship_type"] in _COMMON_RELATIONSHIPS or {source, target} - table.object_types.keys():
        return
    if target not in table.relationships.get(source, {}).get(obj["relationship_type"], ()):
        reason = f"a {source} {obj['relationship_type'][:80]} a {target} is no relationship of the standard"
        yield Problem("relationship_type", reason, "5.1.1")


_COMMON_RELATIONSHIPS: Final = ("derived-from", "duplicate-of", "related-to")
_MEDIA_TYPE: Final = re.compile(
    "(?:application|audio|font|image|message|model|multipart|text|video)/[a-zA-Z0-9.+_-]+(?:;.*)?"
)
# The entries of a document information dictionary (ISO 32000-1, 14.3.3).
_PDF_INFORMATION: Final = frozenset(
    ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate", "Trapped")
)
_OF_TYPE: Final = {
    "extension-definition": _extension_definition,
    "file": _file,
    "indicator": _indicator,
    "marking-definition": _marking_definition,
    "network-traffic": _network_traffic,
    "observed-data": _observed_data,
    "process": _process,
    "relationship": _relationship,
}
_ALWAYS: Final = {"type", "id", "spec_version", "extensions"}


def _own_type(obj: dict[str, Any]) -> Problem:
    return Problem("type", f"{obj['type'][:80]} is no type of the standard and of nobody's extension", "11.2")


def _own_properties(obj: dict[str, Any], words: Collection[str], at: tuple[str | int, ...]) -> Iterator[Problem]:
    for name in obj:
        if name not in words:
            yield Problem(path(*at, name), "is a property of nobody's extension", "11.1")


def _is_extended(obj: dict[str, Any], *kinds: str) -> bool:
    return any(each.get("extension_type") in kinds for each in obj.get("extensions", {}).values())


def _id_version(obj: dict[str, Any], kind: Kind) -> Iterator[Problem]:
    version = uuid.UUID(obj["id"].rpartition("--")[2]).version
    if kind is not Kind.OBSERVABLE and version != 4:
        yield Problem("id", f"is a UUIDv{version}; a UUIDv4 is advised", "2.9")
    if kind is Kind.OBSERVABLE and version != 5 and obj["type"] != "process":
        yield Problem("id", f"is a UUIDv{version}; a UUIDv5 of the contributing properties is advised", "2.9")


def _values(obj: dict[str, Any], words: dict[str, str], at: tuple[str | int, ...]) -> Iterator[Problem]:
    for name, word in words.items():
        if name not in obj:
            continue
        several = word.startswith("list of ")
        word = word.removeprefix("list of ")
        for index, value in enumerate(obj[name] if several else [obj[name]]):
            yield from _value(value, word, (*at, name, index) if several else (*at, name))


def _value(value: Any, word: str, at: tuple[str | int, ...]) -> Iterator[Problem]:  # noqa: ANN401 - any JSON
    kind, _, rest = word.partition(" ")
    if kind == "vocabulary" and value not in object_types().vocabularies[rest]:
        yield Problem(path(*at), f"{value[:80]!r} is not in {rest}", "10")
        if not _TERM.fullmatch(value):
            yield Problem(path(*at), f"{value[:80]!r} is not of lower-case letters, digits and hyphens", "2.13")
    elif kind == "hashes":
        for name in value:
            if name not in object_types().vocabularies["hash-algorithm-ov"] and not name.startswith("x_"):
                yield Problem(path(*at, name), "is not in hash-algorithm-ov", "2.7")
    elif kind == "kill-chain-phase":
        for name, text in value.items():
            if name in ("kill_chain_name", "phase_name") and not _TERM.fullmatch(text):
                yield Problem(path(*at, name), "should be of lower-case letters, digits and hyphens", "2.11")
    elif kind in object_types().data_types:
        words = object_types().data_types[kind].properties
        yield from _values(value, words, at)
        yield from _own_properties(value, words, at)
