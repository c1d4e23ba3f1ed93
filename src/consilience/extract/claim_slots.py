"""From the slots of a rule to the things that a statement speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from consilience.extract.masking import OURS, Token
from consilience.extract.rule_patterns import slot
from consilience.extract.sentence_reading import Reading
from consilience.knowledge.countries import country_code, country_name
from consilience.model.source import SourceKind
from consilience.model.statement import Entity, EntityType

_PAIR: Final = ("first", "second")
Filled = tuple[Entity, str]
"""An entity, and how the text calls it where the entity alone would lose that."""


def fill(name: str, match: re.Match[str], reading: Reading) -> list[Filled]:
    """Return the entities of a slot; ``a|b`` is the first of the two that is filled.

    ``incident`` is never without an answer: the nearest incident of the sentence, else the document's title. ``nation``
    is the first country of the match. ``first`` and ``second`` are the two clusters of the sentence, else of the one
    before it, and nobody where these are not two. ``lead`` and ``rest`` are the first of several parties, and the
    others; ``unnamed`` is nobody in particular, where something is recommended to all; ``own`` is the publisher
    where it is a state's organ, an international organisation or a court.
    """
    if name in _PAIR:
        return [_entity(reading.clusters[_PAIR.index(name)])] if len(reading.clusters) == len(_PAIR) else []
    for each in name.split("|"):
        if each in _SPECIAL:
            found = _SPECIAL[each](match, reading)
        else:
            found = _of_tokens(each, each == name.rpartition("|")[2], match, reading)
        if found:
            return found
    return []


def _of_tokens(name: str, last: bool, match: re.Match[str], reading: Reading) -> list[Filled]:
    tokens = reading.masked.of(slot(match, name))
    if name in ("nation", "state", "group") and not tokens and last:
        tokens = [token for token in reading.masked.of(match[0]) if token.letter in "SDCHK"][:1]
    if name in ("claimant", "responder"):
        # In a text of the press "we" answers for nobody.
        memory = reading.context.memory
        tokens = [token for token in tokens if token.key != OURS or memory.speaker(token).source]
    if name in ("target", "actor"):
        # "The ambassador" says whose only where a country is named with him.
        tokens = [token for token in tokens if token.letter not in "PU" or token.country]
    return [(for_whom(token, reading), "") if name in ("claimant", "responder") else _entity(token) for token in tokens]


def _named(match: re.Match[str], reading: Reading, name: str = "named") -> list[Filled]:
    """A name that is known, else one that is spelled with capitals: somebody who presents himself, or a cluster."""
    text, inside = bare(reading.masked.written(slot(match, name))), reading.masked.of(slot(match, name))
    if inside:
        return [(_entity(token)[0], "") for token in inside]
    return [(Entity(EntityType.PERSONA if name == "named" else EntityType.CLUSTER, text), "")] if text else []


def _parties(match: re.Match[str], reading: Reading) -> list[Entity]:
    """The parties of an agreement in the order of the text, with that of a prefix ("Sino-Russian") first."""
    prefix = reading.context.grammar.compounds.get(slot(match, "prefix").lower().rstrip("-"), "")
    found = [Entity(EntityType.COUNTRY, country_name(prefix, "en"), prefix)] if prefix else []
    slots = [text for group, text in match.groupdict().items() if text and group.partition("__")[0] == "parties"]
    found += [_entity(token)[0] for text in slots for token in reading.masked.of(text)]
    return list(dict.fromkeys(found))


_SPECIAL: Final[dict[str, Callable[[re.Match[str], Reading], list[Filled]]]] = {
    "incident": lambda match, reading: [(_incident(match, reading), "")],
    "named": _named,
    "alias": lambda match, reading: _named(match, reading, "alias"),
    "lead": lambda match, reading: [(each, "") for each in _parties(match, reading)[:1]],
    "rest": lambda match, reading: [(each, "") for each in _parties(match, reading)[1:]],
    "unnamed": lambda _match, _reading: [(Entity(EntityType.OTHER, "not named"), "")],
    "own": lambda _match, reading: _own(reading),
    "thing": lambda match, reading: [(Entity(EntityType.OTHER, words), "") for words in _thing(match, reading)],
}


def _own(reading: Reading) -> list[Filled]:
    """The publisher, as its state where it is a state's: who speaks as "we", or acts where nobody is named."""
    own = reading.context.own
    known = reading.context.memory.lexicon.sources.get(own.source)
    if known is None or known.kind not in (SourceKind.STATE, SourceKind.INTERNATIONAL, SourceKind.COURT):
        return []
    if known.kind is SourceKind.STATE and known.country:
        return [(Entity(EntityType.COUNTRY, country_name(known.country, "en"), known.country), "")]
    return [(Entity(EntityType.ORGANISATION, known.name, known.id), "")]


def _thing(match: re.Match[str], reading: Reading) -> list[str]:
    """What is told in words of its own, such as the data that were stolen."""
    words = " ".join(bare(reading.masked.written(slot(match, "thing"))).split())
    return [words] if words else []


def for_whom(token: Token, reading: Reading) -> Entity:
    """Return the state of a responder, also of a minister who is named without it, or the body that the words mean."""
    entity = _entity(token)[0]
    if token.letter not in "PU" or entity.type is EntityType.COUNTRY:
        return entity
    memory = reading.context.memory
    speaker = memory.speaker(token)
    known = memory.lexicon.sources.get(speaker.source)
    if speaker.country and (known is None or known.kind is SourceKind.STATE):
        return Entity(EntityType.COUNTRY, country_name(speaker.country, "en"), speaker.country)
    return Entity(EntityType.ORGANISATION, known.name, known.id) if known is not None else entity


def _incident(match: re.Match[str], reading: Reading) -> Entity:
    deed = bare(reading.masked.written(slot(match, "deed")))
    inside = reading.masked.of(slot(match, "incident")) or [
        each for each in reading.masked.of(slot(match, "deed")) if each.letter == "I"
    ]
    if not inside and reading.context.grammar.words["ware"].search(deed):
        return Entity(EntityType.OTHER, " ".join(deed.split()))
    if inside and inside[0].letter == "M":
        return _entity(inside[0])[0]
    if not inside:
        return incident_near(match.start(), reading)
    return Entity(EntityType.INCIDENT, inside[0].text)


def incident_near(place: int, reading: Reading) -> Entity:
    """Return the incident of the sentence that stands nearest to a place of the masked text, else the title's."""
    near = re.finditer(r"‹I\d+›", reading.masked.text)
    places = sorted(near, key=lambda each: abs(each.start() - place))
    inside = reading.masked.of(places[0][0]) if places else []
    return Entity(EntityType.INCIDENT, inside[0].text if inside else reading.context.document.title)


def _entity(token: Token) -> tuple[Entity, str]:
    if token.letter in "CDSHKP" and token.country:
        note = token.text.strip() if not country_code(token.text) else ""
        return Entity(EntityType.COUNTRY, country_name(token.country, "en"), token.country), note
    if token.letter == "G":
        return Entity(EntityType.CLUSTER, token.name), ""
    if token.letter == "M":
        return Entity(token.type, token.name), ""
    if token.letter == "T":
        return Entity(EntityType.SECTOR, token.key), ""
    if token.letter == "I":
        return Entity(EntityType.INCIDENT, token.text), ""
    # Keys of tokens that speak without a name are no ids.
    key = "" if token.key.startswith("?") else token.key
    return Entity(EntityType.ORGANISATION, token.name or token.text.strip(" ,"), key), ""


def entity_of(token: Token) -> Entity:
    """Return the thing that a token of a masked sentence stands for."""
    return _entity(token)[0]


def bare(text: str) -> str:
    """Return ``text`` without quotation marks, commas and spaces at its ends."""
    return text.strip(" \t\"'“”«»’,")
