"""What machine tags and galaxies say: who, with what, against whom, how surely, and who may know.

A galaxy is attached as a galaxy, as a tag ``misp-galaxy:type="value"``, or as both; the two say the same thing once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.formats.misp.event import Galaxy, GalaxyCluster, Tag
from consilience.knowledge.scales import confidence_word, read_likelihood
from consilience.model.marking import Marking, parse_marking
from consilience.model.statement import Entity, EntityType, Predicate
from consilience.model.words import Confidence, Likelihood

_GALAXY_TAG: Final = re.compile(r'misp-galaxy:(?P<type>[^="]+)="(?P<value>.+)"', re.IGNORECASE)
_MACHINE_TAG: Final = re.compile(r'(?P<name>[^="]+)="(?P<value>.*)"')
_ATTACK_SUFFIX: Final = re.compile(r"\s+-\s+(?P<id>[TGSC]\d{4}(?:\.\d{3})?)$")

_CLUSTERS: Final = frozenset({"threat-actor", "microsoft-activity-group", "360net-threat-actor", "mitre-ics-groups"})
_MALWARE: Final = frozenset(
    {"android", "backdoor", "banker", "botnet", "cryptominers", "exploit-kit", "malpedia"}
    | {"mitre-ics-software", "ransomware", "rat", "stealer", "tds"}
)
_ALONE: Final = {
    "tool": (EntityType.TOOL, Predicate.USES),
    "campaigns": (EntityType.CAMPAIGN, Predicate.PART_OF),
    "branded-vulnerability": (EntityType.VULNERABILITY, Predicate.USES),
    "target-information": (EntityType.COUNTRY, Predicate.TARGETS),
    # Which way these are meant, as victim or as origin, a tag does not say.
    "country": (EntityType.COUNTRY, Predicate.RELATED_TO),
    "region": (EntityType.COUNTRY, Predicate.RELATED_TO),
    "sector": (EntityType.SECTOR, Predicate.RELATED_TO),
}
_MITRE: Final = {
    "intrusion-set": (EntityType.CLUSTER, Predicate.ATTRIBUTED_TO),
    "malware": (EntityType.MALWARE, Predicate.USES),
    "tool": (EntityType.TOOL, Predicate.USES),
    "attack-pattern": (EntityType.TECHNIQUE, Predicate.USES),
}

_ESTIMATES: Final = {
    "estimative-language:likelihood-probability": ("en", "icd-203"),
    "vocabulaire-des-probabilites-estimatives:degré-de-probabilité": ("fr", "fr"),
}
_KEPT: Final = {
    "admiralty-scale:source-reliability": "source-reliability",
    "misp:confidence-level": "confidence-level",
}


class GalaxyClaim(msgspec.Struct, frozen=True):
    """That the event has to do with ``object``, and how (``predicate``). ``words`` is the tag; ``pointer`` is local."""

    predicate: Predicate
    object: Entity
    words: str
    pointer: str
    attributes: tuple[tuple[str, str], ...] = ()


class Grading(msgspec.Struct, frozen=True):
    """What the tags say of how sure it is and who may know. ``marking`` is ``None`` where no TLP tag is set.

    ``unknown_tlp`` are TLP tags that name no label.
    """

    marking: Marking | None = None
    unknown_tlp: tuple[str, ...] = ()
    likelihood: Likelihood | None = None
    confidence: Confidence | None = None
    credibility: int = 6
    attributes: tuple[tuple[str, str], ...] = ()


def galaxy_claims(galaxies: Iterable[Galaxy], tags: Iterable[Tag]) -> tuple[GalaxyClaim, ...]:
    """Return the claims that galaxies and galaxy tags make, each once, in the order of galaxies and then tags.

    A cluster that somebody made for the event, with relations, stands for the event itself: its relations are read
    (``cluster_relations``), and that the event is part of it says nothing. Such clusters are tagged by their uuid.
    """
    found: dict[tuple[str, str], GalaxyClaim] = {}
    named: set[str] = set()
    for number, galaxy in enumerate(galaxies):
        for index, cluster in enumerate(galaxy.clusters or ()):
            kind = cluster.type or galaxy.type
            words = cluster.tag_name or f'misp-galaxy:{kind}="{cluster.value}"'
            pointer = f"/Galaxy/{number}/GalaxyCluster/{index}"
            named.add(words)
            if stands_for_event(kind, cluster):
                continue
            claim = _claim(kind, cluster.value, words, pointer, cluster.relationship_type or "")
            if claim is not None:
                found.setdefault((claim.object.type, claim.object.name.casefold()), claim)
    for number, tag in enumerate(tags):
        match = _GALAXY_TAG.fullmatch(tag.name)
        if match is None or tag.name in named:
            continue
        claim = _claim(match["type"], match["value"], tag.name, f"/Tag/{number}", tag.relationship_type or "")
        if claim is not None:
            found.setdefault((claim.object.type, claim.object.name.casefold()), claim)
    return tuple(found.values())


def stands_for_event(kind: str, cluster: GalaxyCluster) -> bool:
    """Tell whether a cluster is a campaign that its maker has given relations of its own."""
    return kind == "campaigns" and cluster.is_published is False and bool(cluster.relations)


def entity_type(kind: str) -> EntityType | None:
    """Return what the entries of a galaxy are; ``None`` for a galaxy that is not read."""
    meant = _meaning(kind.strip().lower())
    return meant[0] if meant else None


def _claim(kind: str, value: str, words: str, pointer: str, relation: str) -> GalaxyClaim | None:
    meant = _meaning(kind.strip().lower())
    if meant is None or not value.strip():
        return None
    entity_type, predicate = meant
    name, attributes = value.strip(), [("galaxy", kind)]
    suffix = _ATTACK_SUFFIX.search(name)
    if suffix is not None:
        name = name[: suffix.start()]
        attributes.append(("attack-id", suffix["id"]))
    if relation:
        attributes.append(("relationship-type", relation))
    return GalaxyClaim(predicate, Entity(entity_type, name), words, pointer, tuple(sorted(attributes)))


def _meaning(kind: str) -> tuple[EntityType, Predicate] | None:
    """Return what the entries of a galaxy are, and what an event that bears one says of it."""
    if kind in _CLUSTERS:
        return EntityType.CLUSTER, Predicate.ATTRIBUTED_TO
    if kind in _MALWARE:
        return EntityType.MALWARE, Predicate.USES
    if kind.startswith("mitre-"):
        return next((meant for ending, meant in _MITRE.items() if kind.endswith(ending)), None)
    return _ALONE.get(kind)


def grading(tags: Iterable[Tag]) -> Grading:
    """Return what TLP, estimative-language, admiralty-scale and confidence tags say; of several, the strictest TLP."""
    marking: Marking | None = None
    unknown: list[str] = []
    likelihood: Likelihood | None = None
    confidence: Confidence | None = None
    credibility = 6
    attributes: set[tuple[str, str]] = set()
    for tag in tags:
        text = tag.name.strip()
        if text.lower().startswith("tlp:"):
            found = parse_marking(text)
            if found is None:
                unknown.append(text)
            elif marking is None or found.rank > marking.rank:
                marking = found
        elif text.upper().startswith("PAP:"):
            attributes.add(("pap", text[4:].strip().upper()))
        elif (match := _MACHINE_TAG.fullmatch(text)) is not None:
            name, value = match["name"].lower(), match["value"]
            if name in _ESTIMATES:
                likelihood = _likelihood(name, value) or likelihood
            elif name == "estimative-language:confidence-in-analytic-judgment":
                confidence = _confidence(value) or confidence
            elif name == "admiralty-scale:information-credibility" and value in "123456" and len(value) == 1:
                credibility = int(value)
            elif name in _KEPT:
                attributes.add((_KEPT[name], value))
    return Grading(marking, tuple(unknown), likelihood, confidence, credibility, tuple(sorted(attributes)))


def _likelihood(name: str, value: str) -> Likelihood | None:
    lang, scale = _ESTIMATES[name]
    return read_likelihood(value.replace("-", " "), lang, scale)


def _confidence(value: str) -> Confidence | None:
    level = value.lower()
    if level not in ("low", "moderate", "high"):
        return None
    return Confidence(confidence_word(level, "en"), level, "icd-203", "en")
