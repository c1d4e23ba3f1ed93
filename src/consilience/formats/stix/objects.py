"""The properties of STIX 2.1 objects that are read; all others stay in the raw bytes.

One struct per type (STIX 2.1, 4 to 6). A property that the standard requires and that is needed here has no default,
so that an object without it is refused with the name of the property.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from consilience.formats.stix.pattern import hash_type
from consilience.model.marking import TLP2_EXTENSION, Marking, parse_marking
from consilience.model.observable import ObservableType
from consilience.model.statement import EntityType


class Reference(msgspec.Struct, gc=False):
    """An external reference (STIX 2.1, 2.5)."""

    source_name: str = ""
    external_id: str = ""
    url: str = ""


class Granular(msgspec.Struct, gc=False):
    """A marking of a part of an object (7.2.3)."""

    marking_ref: str = ""


class Common(msgspec.Struct, kw_only=True, gc=False, tag_field="type"):
    """What all objects share (3.2)."""

    id: str
    spec_version: str = ""
    created: str = ""
    modified: str = ""
    created_by_ref: str = ""
    object_marking_refs: tuple[str, ...] = ()
    granular_markings: tuple[Granular, ...] = ()
    revoked: bool = False
    lang: str = ""
    confidence: int | None = None


class Relationship(Common, tag="relationship"):
    """STIX 2.1, 5.1."""

    relationship_type: str
    source_ref: str
    target_ref: str
    description: str = ""
    start_time: str = ""
    stop_time: str = ""


class Sighting(Common, tag="sighting"):
    """STIX 2.1, 5.2."""

    sighting_of_ref: str
    where_sighted_refs: tuple[str, ...] = ()
    observed_data_refs: tuple[str, ...] = ()
    description: str = ""
    first_seen: str = ""
    last_seen: str = ""


class Named(Common):
    """An object with a name that its type requires, and further names."""

    name: str
    aliases: tuple[str, ...] = ()
    x_mitre_aliases: tuple[str, ...] = ()


class IntrusionSet(Named, tag="intrusion-set"):
    """STIX 2.1, 4.9."""


class ThreatActor(Named, tag="threat-actor"):
    """STIX 2.1, 4.17."""


class Campaign(Named, tag="campaign"):
    """STIX 2.1, 4.2."""


class Tool(Named, tag="tool"):
    """STIX 2.1, 4.18."""


class Malware(Common, tag="malware"):
    """STIX 2.1, 4.11."""

    name: str = ""
    aliases: tuple[str, ...] = ()
    x_mitre_aliases: tuple[str, ...] = ()


class Infrastructure(Named, tag="infrastructure"):
    """STIX 2.1, 4.8."""


class Vulnerability(Common, tag="vulnerability"):
    """STIX 2.1, 4.19."""

    name: str


class Incident(Common, tag="incident"):
    """STIX 2.1, 4.6."""

    name: str


class AttackPattern(Common, tag="attack-pattern"):
    """STIX 2.1, 4.1."""

    name: str
    external_references: tuple[Reference, ...] = ()


class Identity(Common, tag="identity"):
    """STIX 2.1, 4.5."""

    name: str
    identity_class: str = ""
    sectors: tuple[str, ...] = ()


class Location(Common, tag="location"):
    """STIX 2.1, 4.10."""

    name: str = ""
    country: str = ""
    region: str = ""


class Report(Common, tag="report"):
    """STIX 2.1, 4.16."""

    name: str
    object_refs: tuple[str, ...] = ()
    description: str = ""
    published: str = ""
    external_references: tuple[Reference, ...] = ()


class Grouping(Common, tag="grouping"):
    """STIX 2.1, 4.4."""

    name: str = ""
    object_refs: tuple[str, ...] = ()
    description: str = ""
    external_references: tuple[Reference, ...] = ()


class Note(Common, tag="note"):
    """STIX 2.1, 4.13."""

    content: str
    object_refs: tuple[str, ...] = ()


class Opinion(Common, tag="opinion"):
    """STIX 2.1, 4.15."""

    opinion: str = ""
    explanation: str = ""
    object_refs: tuple[str, ...] = ()


class ObservedData(Common, tag="observed-data"):
    """STIX 2.1, 4.14."""

    first_observed: str = ""
    last_observed: str = ""
    object_refs: tuple[str, ...] = ()


class Indicator(Common, tag="indicator"):
    """STIX 2.1, 4.7."""

    pattern: str
    name: str = ""
    pattern_type: str = "stix"
    valid_from: str = ""
    indicator_types: tuple[str, ...] = ()


class MarkingDefinition(Common, tag="marking-definition"):
    """STIX 2.1, 7.2.1, with the property by which OpenCTI carries TLP."""

    name: str = ""
    definition_type: str = ""
    definition: dict[str, object] = {}
    extensions: dict[str, dict[str, object]] = {}
    x_opencti_definition: str = ""


class Sco(Common):
    """A cyber-observable object (6)."""


class Ipv4(Sco, tag="ipv4-addr"):
    """STIX 2.1, 6.8."""

    value: str


class Ipv6(Sco, tag="ipv6-addr"):
    """STIX 2.1, 6.9."""

    value: str


class Domain(Sco, tag="domain-name"):
    """STIX 2.1, 6.4."""

    value: str


class Url(Sco, tag="url"):
    """STIX 2.1, 6.15."""

    value: str


class Email(Sco, tag="email-addr"):
    """STIX 2.1, 6.5."""

    value: str


class File(Sco, tag="file"):
    """STIX 2.1, 6.7."""

    hashes: dict[str, str] = {}
    name: str = ""


class Mutex(Sco, tag="mutex"):
    """STIX 2.1, 6.11."""

    name: str


class AutonomousSystem(Sco, tag="autonomous-system"):
    """STIX 2.1, 6.2."""

    number: int


class Certificate(Sco, tag="x509-certificate"):
    """STIX 2.1, 6.18."""

    hashes: dict[str, str] = {}
    serial_number: str = ""


class Other(msgspec.Struct, kw_only=True, gc=False):
    """An object of a type that is not read, or one that is wrong for its type: only what every object has."""

    type: str
    id: str
    spec_version: str = ""
    modified: str = ""
    name: object = ""
    object_marking_refs: tuple[str, ...] = ()


class Bundle(msgspec.Struct):
    """A bundle (8), or an envelope of TAXII 2.1 (3.7), which has no type."""

    type: str = ""
    spec_version: str = ""
    objects: list[msgspec.Raw] | None = None


Known = (
    Relationship
    | Sighting
    | IntrusionSet
    | ThreatActor
    | Campaign
    | Tool
    | Malware
    | Infrastructure
    | Vulnerability
    | Incident
    | AttackPattern
    | Identity
    | Location
    | Report
    | Grouping
    | Note
    | Opinion
    | ObservedData
    | Indicator
    | MarkingDefinition
    | Ipv4
    | Ipv6
    | Domain
    | Url
    | Email
    | File
    | Mutex
    | AutonomousSystem
    | Certificate
)
Kept = Known | Other


KNOWN: Final[msgspec.json.Decoder[Known]] = msgspec.json.Decoder(Known)
OTHER: Final = msgspec.json.Decoder(Other)
TYPE_OF: Final[dict[type, str]] = {kind: str(kind.__struct_config__.tag) for kind in Known.__args__}
TYPES: Final = frozenset(TYPE_OF.values())
# Observables need no spec_version (STIX 2.1, 3.2), nor do marking definitions by long custom.
SAYS_VERSION: Final = frozenset(k for k in Known.__args__ if not issubclass(k, (Sco, MarkingDefinition)))

ENTITY_TYPES: Final = {
    "intrusion-set": EntityType.CLUSTER,
    "threat-actor": EntityType.PERSONA,
    "campaign": EntityType.CAMPAIGN,
    "malware": EntityType.MALWARE,
    "tool": EntityType.TOOL,
    "infrastructure": EntityType.INFRASTRUCTURE,
    "attack-pattern": EntityType.TECHNIQUE,
    "vulnerability": EntityType.VULNERABILITY,
    "incident": EntityType.INCIDENT,
    "identity": EntityType.ORGANISATION,
    "location": EntityType.COUNTRY,
    "report": EntityType.DOCUMENT,
    "grouping": EntityType.DOCUMENT,
    "note": EntityType.DOCUMENT,
    "ipv4-addr": EntityType.OBSERVABLE,
    "ipv6-addr": EntityType.OBSERVABLE,
    "domain-name": EntityType.OBSERVABLE,
    "url": EntityType.OBSERVABLE,
    "email-addr": EntityType.OBSERVABLE,
    "file": EntityType.OBSERVABLE,
    "mutex": EntityType.OBSERVABLE,
    "autonomous-system": EntityType.OBSERVABLE,
    "x509-certificate": EntityType.OBSERVABLE,
}


def values_in(sco: Sco) -> Iterator[tuple[ObservableType, str]]:
    """Yield the typed values, as written, that a cyber-observable object holds."""
    match sco:
        case Ipv4():
            yield ObservableType.IPV4, sco.value
        case Ipv6():
            yield ObservableType.IPV6, sco.value
        case Domain():
            yield ObservableType.DOMAIN, sco.value
        case Url():
            yield ObservableType.URL, sco.value
        case Email():
            yield ObservableType.EMAIL, sco.value
        case Mutex():
            yield ObservableType.MUTEX, sco.name
        case AutonomousSystem():
            yield ObservableType.ASN, str(sco.number)
        case File():
            hashes = ((hash_type(algorithm), digest) for algorithm, digest in sco.hashes.items())
            yield from ((kind, digest) for kind, digest in hashes if kind is not None)
            if sco.name:
                yield ObservableType.FILE_NAME, sco.name
        case Certificate():
            texts = tuple(sco.hashes.values()) or (sco.serial_number,)
            yield from ((ObservableType.CERTIFICATE, text) for text in texts if text)


def name_of(kept: Kept) -> str:
    """Return what an object is called in a sentence, or an empty text."""
    match kept:
        case Location():
            return kept.name or kept.country or kept.region
        case Sco():
            return next((text for _, text in values_in(kept)), "")
        case Indicator():
            return kept.name or kept.pattern[:200]
    name = getattr(kept, "name", "")
    return name if isinstance(name, str) else ""


def attack_id(pattern: AttackPattern) -> tuple[tuple[str, str], ...]:
    """Return the attribute ``attack-id`` that ATT&CK's own reference gives a technique, if there is one."""
    for reference in pattern.external_references:
        if reference.source_name == "mitre-attack" and reference.external_id:
            return (("attack-id", reference.external_id),)
    return ()


def label_of(definition: MarkingDefinition) -> Marking | None:
    """Return the TLP label of a definition in any of the forms that are met in the wild.

    They are TLP 1.0 (``definition_type: tlp``), TLP 2.0 (the OASIS extension), OpenCTI's ``statement`` with its own
    property, and a statement or name that is nothing but a label.
    """
    extension = definition.extensions.get(TLP2_EXTENSION, {})
    for text in (
        extension.get("tlp_2_0"),
        definition.definition.get("tlp"),
        definition.x_opencti_definition,
        definition.definition.get("statement"),
        definition.name,
    ):
        found = parse_marking(text) if isinstance(text, str) else None
        if found is not None:
            return found
    return None


def sets_no_tlp(definition: MarkingDefinition) -> bool:
    """A copyright statement and a PAP label (which bounds what may be done, not who may know) set no TLP."""
    return definition.definition_type == "statement" or definition.name.upper().startswith("PAP:")
