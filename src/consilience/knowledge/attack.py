"""ATT&CK STIX 2.1 bundles, as MITRE publishes them, turned into the entries of the four ATT&CK galaxies.

A STIX id ends in the uuid under which the MISP galaxy lists the same object, so that relations of other galaxies
into ATT&CK keep their targets. Several bundles (enterprise, mobile, ICS) are read as one body: an object that stands
in two of them is one entry. Deprecated objects are left out, revoked ones are kept as such.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.knowledge.galaxies import ATTACK_TYPES, MAX_BYTES, Entry, Link, Meta

GALAXY_OF_TYPE = {
    "intrusion-set": "mitre-intrusion-set",
    "malware": "mitre-malware",
    "tool": "mitre-tool",
    "attack-pattern": "mitre-attack-pattern",
}
_RELATIONS = frozenset({"uses", "revoked-by"})
_ATTACK_SOURCES = frozenset({"mitre-attack", "mitre-mobile-attack", "mitre-ics-attack"})
_BUNDLE = re.compile(rb'"type"\s*:\s*"bundle"')


class _Reference(msgspec.Struct, frozen=True):
    source_name: str = ""
    external_id: str = ""
    url: str = ""


class StixEntry(msgspec.Struct, frozen=True):
    """The fields of a STIX object that the index reads."""

    type: str
    id: str = ""
    name: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    x_mitre_aliases: tuple[str, ...] = ()
    external_references: tuple[_Reference, ...] = ()
    revoked: bool = False
    x_mitre_deprecated: bool = False
    relationship_type: str = ""
    source_ref: str = ""
    target_ref: str = ""


class Bundle(msgspec.Struct, frozen=True):
    """A STIX bundle."""

    type: str
    objects: tuple[StixEntry, ...]


def is_bundle(data: bytes) -> bool:
    """Say whether ``data`` looks like a STIX bundle: it says so of itself near its start or its end."""
    return bool(_BUNDLE.search(data[:4096]) or _BUNDLE.search(data[-4096:]))


def read_bundle(data: bytes, name: str) -> Bundle:
    """Return the bundle in ``data``; raise :class:`FormatError` if it is none or holds no ATT&CK group."""
    if len(data) > MAX_BYTES:
        raise LimitError(f"larger than {MAX_BYTES} bytes", file=name)
    try:
        bundle = msgspec.json.decode(data, type=Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason, _, place = str(error).partition(" - at ")
        raise FormatError(reason, file=name, place=place.strip("`")) from error
    if not any(_attack_id(each) for each in bundle.objects if each.type == "intrusion-set"):
        raise FormatError("the bundle holds no ATT&CK group", file=name, place="$.objects")
    return bundle


def entries(bundles: Iterable[Bundle]) -> dict[str, tuple[Entry, ...]]:
    """Return the objects of all bundles as galaxy entries, by galaxy type; all four types are always there."""
    objects: dict[str, StixEntry] = {}
    links: defaultdict[str, dict[tuple[str, str], Link]] = defaultdict(dict)
    for bundle in bundles:
        for each in bundle.objects:
            if each.x_mitre_deprecated:
                continue
            if each.type in GALAXY_OF_TYPE and _attack_id(each):
                objects.setdefault(each.id, each)
            elif each.type == "relationship" and each.relationship_type in _RELATIONS and not each.revoked:
                link = Link(dest=_uuid(each.target_ref), kind=each.relationship_type)
                links[each.source_ref].setdefault((link.dest, link.kind), link)
    found: dict[str, list[Entry]] = {type_: [] for type_ in ATTACK_TYPES}
    for id_ in sorted(objects):
        found[GALAXY_OF_TYPE[objects[id_].type]].append(_entry(objects[id_], tuple(links[id_].values())))
    return {type_: tuple(values) for type_, values in found.items()}


def _entry(stix: StixEntry, related: tuple[Link, ...]) -> Entry:
    synonyms = [name for name in dict.fromkeys(stix.aliases + stix.x_mitre_aliases) if name != stix.name]
    refs = [reference.url for reference in stix.external_references if reference.url]
    return Entry(
        value=f"{stix.name} - {_attack_id(stix)}",
        uuid=_uuid(stix.id),
        description=stix.description,
        meta=Meta(synonyms=synonyms, refs=refs, external_id=_attack_id(stix)),
        related=related,
        revoked=stix.revoked,
    )


def _uuid(stix_id: str) -> str:
    return stix_id.rpartition("--")[2]


def _attack_id(stix: StixEntry) -> str:
    return next((each.external_id for each in stix.external_references if each.source_name in _ATTACK_SOURCES), "")
