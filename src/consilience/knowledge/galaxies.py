"""The MISP galaxies that the package pymispgalaxies installs, read as published: one entry, one publisher's word.

Only the data files are read, through typed structs; the package's own Python interface is never imported, since it
loads every file. Which galaxies are read, and whose word each of them is, stands in :data:`GALAXIES`; the reasons
are in ``docs/decisions/0003-knowledge-index.md``.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec

from consilience.errors import FormatError, KnowledgeError, LimitError
from consilience.model.statement import EntityType

PACKAGE = "pymispgalaxies"
MAX_BYTES = 1 << 28

Words = str | list[str] | None


class Galaxy(msgspec.Struct, frozen=True):
    """A cluster file: its type (and file name), whose word it is, and what its entries are.

    ``own`` are the relation types that the publisher itself makes; all other relations in the file were added by the
    editors of the MISP galaxy.
    """

    type: str
    source: str
    holds: EntityType
    own: frozenset[str] = frozenset()
    file: str = ""

    @property
    def filename(self) -> str:
        """The name of the cluster file, which is the type unless it says otherwise."""
        return (self.file or self.type) + ".json"


_ATTACK = frozenset({"uses", "revoked-by"})

GALAXIES: tuple[Galaxy, ...] = (
    Galaxy("threat-actor", "misp-galaxy", EntityType.CLUSTER),
    Galaxy("mitre-intrusion-set", "mitre-attack", EntityType.CLUSTER, _ATTACK),
    Galaxy("microsoft-activity-group", "microsoft", EntityType.CLUSTER),
    Galaxy("360net-threat-actor", "qihoo360", EntityType.CLUSTER, file="360net"),
    Galaxy("groups", "tidal", EntityType.CLUSTER, file="tidal-groups"),
    Galaxy("mitre-malware", "mitre-attack", EntityType.MALWARE, _ATTACK),
    Galaxy("mitre-tool", "mitre-attack", EntityType.TOOL, _ATTACK),
    Galaxy("mitre-attack-pattern", "mitre-attack", EntityType.TECHNIQUE, _ATTACK),
    Galaxy("malpedia", "malpedia", EntityType.MALWARE),
    Galaxy("software", "tidal", EntityType.MALWARE, frozenset({"used-by"}), file="tidal-software"),
    Galaxy("tool", "misp-galaxy", EntityType.TOOL),
    Galaxy("ransomware", "misp-galaxy", EntityType.MALWARE),
    Galaxy("rat", "misp-galaxy", EntityType.MALWARE),
    Galaxy("backdoor", "misp-galaxy", EntityType.MALWARE),
    Galaxy("stealer", "misp-galaxy", EntityType.MALWARE),
    Galaxy("botnet", "misp-galaxy", EntityType.MALWARE),
    Galaxy("banker", "misp-galaxy", EntityType.MALWARE),
    Galaxy("android", "misp-galaxy", EntityType.MALWARE),
    Galaxy("cryptominers", "misp-galaxy", EntityType.MALWARE),
    Galaxy("exploit-kit", "misp-galaxy", EntityType.TOOL),
    Galaxy("tds", "misp-galaxy", EntityType.TOOL),
)
ATTACK_TYPES = frozenset(each.type for each in GALAXIES if each.source == "mitre-attack")


class Link(msgspec.Struct, frozen=True, rename={"dest": "dest-uuid", "kind": "type"}):
    """A relation of an entry: to which uuid, of which type, with which tags."""

    dest: str
    kind: str
    tags: tuple[str, ...] = ()


class Meta(msgspec.Struct, frozen=True, rename="kebab"):
    """The fields of an entry that the index reads; all others are skipped while parsing."""

    synonyms: Words = None
    refs: Words = None
    country: Words = None
    attribution_confidence: str | int | float | None = None
    cfr_suspected_state_sponsor: Words = None
    cfr_suspected_victims: Words = None
    cfr_target_category: Words = None
    targeted_sector: Words = None
    suspected_victims: Words = None
    target_category: Words = None
    name_attribution: Words = None
    external_id: Words = msgspec.field(default=None, name="external_id")
    group_attack_id: Words = msgspec.field(default=None, name="group_attack_id")
    software_attack_id: Words = msgspec.field(default=None, name="software_attack_id")
    observed_countries: Words = msgspec.field(default=None, name="observed_countries")
    target_categories: Words = msgspec.field(default=None, name="target_categories")
    source: Words = None
    type: Words = None


class Entry(msgspec.Struct, frozen=True):
    """One entry of a galaxy, as published."""

    value: str
    uuid: str = ""
    description: str | None = None
    meta: Meta = Meta()
    related: tuple[Link, ...] = ()
    revoked: bool = False


class ClusterFile(msgspec.Struct, frozen=True):
    """A MISP cluster file: the type of its galaxy and its entries."""

    type: str
    values: tuple[Entry, ...]
    version: int = 0


def words(value: Words) -> tuple[str, ...]:
    """Return a field that is a text in some entries and a list in others as a tuple without empty texts."""
    texts = [value] if isinstance(value, str) else value or []
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def first_word(value: Words) -> str:
    """Return the first text of a field, or an empty text."""
    return next(iter(words(value)), "")


def packaged_folder() -> Path:
    """Return the folder of cluster files that pymispgalaxies installs; raise :class:`KnowledgeError` if there is none.

    The package is looked up, not imported.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "data" / "misp-galaxy" / "clusters"
        if folder.is_dir():
            return folder
    raise KnowledgeError("the data files of the MISP galaxy are not installed", file=PACKAGE)


def read_cluster_file(data: bytes, name: str) -> ClusterFile:
    """Return the cluster file in ``data``, or raise :class:`FormatError` with the place of what is wrong in it."""
    if len(data) > MAX_BYTES:
        raise LimitError(f"larger than {MAX_BYTES} bytes", file=name)
    try:
        return msgspec.json.decode(data, type=ClusterFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason, _, place = str(error).partition(" - at ")
        raise FormatError(reason, file=name, place=place.strip("`")) from error
