"""Values that knowledge hands out. Every one says whose word it is: nothing here is merged."""

import msgspec

from consilience.model.statement import EntityType


class Alias(msgspec.Struct, frozen=True):
    """A further name for a cluster, and who says so (a source id)."""

    name: str
    claimed_by: str


class SponsorClaim(msgspec.Struct, frozen=True, omit_defaults=True):
    """A claim on who stands behind a cluster. ``country`` is ISO 3166-1 alpha-2; ``sponsor`` the text as published."""

    country: str
    claimed_by: str
    sponsor: str = ""
    confidence: str = ""


class Relation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A published relation between two clusters. ``term`` is the word of likelihood that came with it, if any."""

    predicate: str
    target: str
    target_name: str
    claimed_by: str
    term: str = ""


class KnownCluster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An activity cluster as ONE publisher describes it.

    ``key`` is unique: ``misp-galaxy:<uuid>`` or ``mitre-attack:G0047``. ``software`` are names, ``techniques`` ATT&CK
    ids; ``target_countries`` are alpha-2 codes, ``target_sectors`` the publisher's words.
    """

    key: str
    name: str
    source: str
    aliases: tuple[Alias, ...] = ()
    sponsors: tuple[SponsorClaim, ...] = ()
    relations: tuple[Relation, ...] = ()
    software: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    target_countries: tuple[str, ...] = ()
    target_sectors: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    description: str = ""


class KnownSoftware(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A malware family or tool as one publisher describes it; ``users`` are the keys of clusters said to use it."""

    key: str
    name: str
    source: str
    type: EntityType
    aliases: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


class GazetteerName(msgspec.Struct, frozen=True):
    """A name to look for in prose. ``common`` marks words that need context (``Snake``, ``Wizard``)."""

    name: str
    type: EntityType
    key: str
    common: bool


class Disagreement(msgspec.Struct, frozen=True):
    """A point on which publishers differ about a name: ``code`` names the kind, ``params`` the particulars."""

    code: str
    params: dict[str, str]


class NameReport(msgspec.Struct, frozen=True):
    """Everything known of a name: the clusters that carry it, per publisher, and where they disagree."""

    name: str
    clusters: tuple[KnownCluster, ...]
    software: tuple[KnownSoftware, ...]
    disagreements: tuple[Disagreement, ...]
