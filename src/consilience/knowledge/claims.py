"""From the entries of the galaxies to clusters and software, each as ONE publisher describes it.

Whose word a field is
    A relation counts as the publisher's own where the publisher makes relations of its type (ATT&CK: ``uses`` and
    ``revoked-by``) and it bears no tag of the MISP galaxy; all others are the word of the galaxy's editors,
    ``misp-galaxy``, wherever they stand. A cluster's software and techniques are its own publisher's word only.

What is left out
    Tidal repeats ATT&CK's groups and software under ids of its own. Such a relay is no second voice and makes no
    entry; relations that Tidal adds to it are led back to the ATT&CK entry.

What no longer counts
    A cluster that ATT&CK has revoked, that Tidal marks as deprecated, or whose main name is an alias of a newer
    Microsoft entry (the renaming of April 2023) stays in the index, but takes no part in disagreements.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from consilience.errors import KnowledgeError
from consilience.knowledge.countries import country_code
from consilience.knowledge.galaxies import GALAXIES, Entry, Galaxy, Link, first_word, words
from consilience.knowledge.gathering import Gathered
from consilience.knowledge.names import strict_key
from consilience.knowledge.values import Alias, KnownCluster, KnownSoftware, Relation, SponsorClaim
from consilience.model.statement import EntityType, Predicate

EDITORS = "misp-galaxy"
COUNTRY_WORDS = Path(__file__).with_name("data") / "galaxy_countries.toml"
_SOFTWARE = frozenset({EntityType.MALWARE, EntityType.TOOL})
_TERM = re.compile(r'estimative-language:likelihood-probability="([^"]+)"')
_USES = frozenset({"uses", "deploys", "delivers"})
_USED_BY = frozenset({"used-by", "is-deployed-by"})
_PREDICATES = {"overlaps": Predicate.OVERLAPS.value}
_DEPRECATED = " (Deprecated)"


class Claims(msgspec.Struct, frozen=True):
    """What the index holds. ``withdrawn`` are keys of clusters that take no part in disagreements."""

    clusters: tuple[KnownCluster, ...]
    software: tuple[KnownSoftware, ...]
    techniques: dict[str, str]
    withdrawn: frozenset[str]


class _Item(msgspec.Struct, frozen=True):
    """An entry with its key, main name and further names worked out."""

    entry: Entry
    galaxy: Galaxy
    key: str
    name: str
    synonyms: tuple[str, ...]
    withdrawn: bool = False


class _Register(msgspec.Struct, frozen=True):
    """All items, and what a uuid stands for: ``key_of`` leads relays back to the entry that they repeat."""

    items: tuple[_Item, ...]
    key_of: dict[str, str]
    item_of: dict[str, _Item]
    names: dict[str, str]
    sectors: frozenset[str]


def make_claims(gathered: Gathered) -> Claims:
    """Return clusters and software with everything that is said of them, sorted by key."""
    register = _register(gathered)
    used, users = _uses(register)
    clusters = [_cluster(each, register, used) for each in register.items if each.galaxy.holds is EntityType.CLUSTER]
    software = [_software(each, users) for each in register.items if each.galaxy.holds in _SOFTWARE]
    techniques = {each.key: each.name for each in register.items if each.galaxy.holds is EntityType.TECHNIQUE}
    withdrawn = {each.key for each in register.items if each.withdrawn} | _renamed(clusters)
    return Claims(
        tuple(sorted(clusters, key=lambda each: each.key)),
        tuple(sorted(software, key=lambda each: each.key)),
        {key.partition(":")[2]: techniques[key] for key in sorted(techniques)},
        frozenset(withdrawn),
    )


def _register(gathered: Gathered) -> _Register:
    items: list[_Item] = []
    key_of: dict[str, str] = {}
    item_of: dict[str, _Item] = {}
    for galaxy in GALAXIES:
        for entry in gathered.entries.get(galaxy.type, ()):
            relayed = _relayed(entry)
            if relayed:
                key_of[entry.uuid] = relayed
                continue
            item = _item(entry, galaxy)
            if item.key in item_of:
                raise KnowledgeError("two entries have the same id", file=galaxy.filename, place=item.key)
            items.append(item)
            item_of[item.key] = item
            key_of[entry.uuid] = item.key
    return _Register(tuple(items), key_of, item_of, gathered.names, gathered.sectors)


def _relayed(entry: Entry) -> str:
    """Return the key of the ATT&CK entry that a Tidal entry repeats, or an empty text."""
    attack_id = first_word(entry.meta.group_attack_id) or first_word(entry.meta.software_attack_id)
    return f"mitre-attack:{attack_id}" if attack_id and first_word(entry.meta.source) == "MITRE" else ""


def _item(entry: Entry, galaxy: Galaxy) -> _Item:
    attack_id = first_word(entry.meta.external_id) if galaxy.source == "mitre-attack" else ""
    key = f"{galaxy.source}:{attack_id or entry.uuid or entry.value}"
    name, synonyms = entry.value.strip(), words(entry.meta.synonyms)
    withdrawn = entry.revoked
    if attack_id:
        name = name.removesuffix(f" - {attack_id}")
    elif galaxy.source == "qihoo360":
        name, _, code = name.rpartition(" - ") if " - " in name else (name, "", "")
        synonyms = (code, *synonyms) if code else synonyms
    elif galaxy.source == "tidal":
        withdrawn = name.endswith(_DEPRECATED)
        name = name.removesuffix(_DEPRECATED)
    return _Item(entry, galaxy, key, name, tuple(each for each in synonyms if each != name), withdrawn)


def _renamed(clusters: list[KnownCluster]) -> set[str]:
    """Return the keys of Microsoft's older entries whose main name a newer entry gives as an alias."""
    microsoft = [each for each in clusters if each.source == "microsoft"]
    former = {strict_key(alias.name) for each in microsoft for alias in each.aliases}
    return {each.key for each in microsoft if strict_key(each.name) in former}


def _claimant(item: _Item, link: Link) -> str:
    return item.galaxy.source if link.kind in item.galaxy.own and not link.tags else EDITORS


def _uses(register: _Register) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return what each cluster uses on its own publisher's word, and who uses each piece of software.

    A use counts for the software where the claimant is the publisher of the one or of the other side.
    """
    used: defaultdict[str, set[str]] = defaultdict(set)
    users: defaultdict[str, set[str]] = defaultdict(set)
    for user, thing, claimant in _use_claims(register):
        if user.galaxy.source == claimant:
            used[user.key].add(thing.key)
        if thing.galaxy.holds in _SOFTWARE and claimant in {user.galaxy.source, thing.galaxy.source}:
            users[thing.key].add(user.key)
    return used, users


def _use_claims(register: _Register) -> Iterator[tuple[_Item, _Item, str]]:
    for item in register.items:
        for link in item.entry.related:
            other = register.item_of.get(register.key_of.get(link.dest, ""))
            kind = link.kind.strip()
            if other is None:
                continue
            if kind in _USES and item.galaxy.holds is EntityType.CLUSTER and _usable(other):
                yield item, other, _claimant(item, link)
            elif kind in _USED_BY and item.galaxy.holds in _SOFTWARE and other.galaxy.holds is EntityType.CLUSTER:
                yield other, item, _claimant(item, link)


def _usable(item: _Item) -> bool:
    return item.galaxy.holds in _SOFTWARE or item.galaxy.holds is EntityType.TECHNIQUE


def _cluster(item: _Item, register: _Register, used: dict[str, set[str]]) -> KnownCluster:
    things = [register.item_of[key] for key in used.get(item.key, ())]
    relations, target_countries, target_sectors = _relations(item, register)
    meta = item.entry.meta
    victims = words(meta.cfr_suspected_victims) + words(meta.suspected_victims) + words(meta.observed_countries)
    sectors = words(meta.cfr_target_category) + words(meta.targeted_sector) + words(meta.target_category)
    countries = {country for victim in (*victims, *target_countries) if (country := code_of(victim))}
    return KnownCluster(
        key=item.key,
        name=item.name,
        source=item.galaxy.source,
        aliases=_aliases(item),
        sponsors=_sponsors(item),
        relations=relations,
        software=tuple(sorted({each.name for each in things if each.galaxy.holds in _SOFTWARE})),
        techniques=tuple(
            sorted(each.key.partition(":")[2] for each in things if each.galaxy.holds is EntityType.TECHNIQUE)
        ),
        target_countries=tuple(sorted(countries)),
        target_sectors=tuple(dict.fromkeys(sectors + words(meta.target_categories) + target_sectors)),
        references=words(meta.refs),
        description=(item.entry.description or "").strip(),
    )


def _software(item: _Item, users: dict[str, set[str]]) -> KnownSoftware:
    kind = item.galaxy.holds
    if item.galaxy.source == "tidal" and first_word(item.entry.meta.type) == "tool":
        kind = EntityType.TOOL
    return KnownSoftware(
        key=item.key,
        name=item.name,
        source=item.galaxy.source,
        type=kind,
        aliases=item.synonyms,
        users=tuple(sorted(users.get(item.key, ()))),
    )


def _aliases(item: _Item) -> tuple[Alias, ...]:
    """Return the further names; ``name-attribution`` ("alias:vendor") says who gave a name, where it is known."""
    given = {}
    for text in words(item.entry.meta.name_attribution):
        alias, colon, vendor = text.rpartition(":")
        if colon and alias.strip() and vendor.strip():
            given[strict_key(alias)] = "vendor:" + re.sub(r"[\W_]+", "-", vendor.strip().casefold()).strip("-")
    return tuple(Alias(name, given.get(strict_key(name), item.galaxy.source)) for name in item.synonyms)


def _sponsors(item: _Item) -> tuple[SponsorClaim, ...]:
    """Return what the entry says of a country; one claim where the country and the suspected sponsor agree.

    The galaxy's ``country`` is where the actor is held to come from; only ``cfr-suspected-state-sponsor`` speaks of a
    state behind it, and its text is kept as ``sponsor``.
    """
    meta, source = item.entry.meta, item.galaxy.source
    confidence = "" if meta.attribution_confidence is None else str(meta.attribution_confidence)
    suspected = [text for text in words(meta.cfr_suspected_state_sponsor) if text.casefold() != "unknown"]
    claims = [SponsorClaim(code_of(text), source, text, confidence) for text in suspected]
    named = {claim.country for claim in claims}
    for text in words(meta.country):
        country = code_of(text)
        if not country:
            claims.append(SponsorClaim("", source, text, confidence))
        elif country not in named:
            claims.append(SponsorClaim(country, source, "", confidence))
    return tuple(claims)


def _relations(item: _Item, register: _Register) -> tuple[tuple[Relation, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the relations of a cluster, and the names of the countries and of the sectors that it is said to target.

    Uses that are already in the cluster's software and techniques are left out, and so are targets, unless no galaxy
    holds them. Such an unknown target keeps its uuid as its name.
    """
    relations: dict[Relation, None] = {}
    countries: list[str] = []
    sectors: list[str] = []
    for link in item.entry.related:
        kind, claimant = link.kind.strip(), _claimant(item, link)
        key = register.key_of.get(link.dest, "")
        other = register.item_of.get(key)
        if kind == "targets" and link.dest in register.names:
            (sectors if link.dest in register.sectors else countries).append(register.names[link.dest])
        elif not (kind in _USES and other and _usable(other) and claimant == item.galaxy.source):
            name = other.name if other else register.names.get(link.dest, link.dest)
            predicate = _PREDICATES.get(kind, kind)
            relations[Relation(predicate, key or link.dest, name, claimant, _term(link))] = None
    return tuple(relations), tuple(countries), tuple(sectors)


def _term(link: Link) -> str:
    return next((match[1] for tag in link.tags if (match := _TERM.fullmatch(tag))), "")


@cache
def _words_of_galaxies() -> dict[str, str]:
    tables = tomllib.loads(COUNTRY_WORDS.read_text(encoding="utf-8"))["table"]
    return {word.casefold(): code for table in tables for word, code in table["words"].items()}


def code_of(text: str) -> str:
    """Return the alpha-2 code of the country that ``text`` names in a galaxy, or an empty text."""
    return _words_of_galaxies().get(text.casefold(), "") or country_code(text, "en")
