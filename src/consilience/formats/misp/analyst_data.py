"""Analyst data: notes, opinions and relationships that analysts of any organisation add to what an event holds.

Each is a statement by whoever made it, about what it is attached to. An opinion says how far its author agrees, from 0
to 100, which is no likelihood: above 50 it affirms, below it denies, and at 50 it says neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from consilience.formats.document_facts import find_source
from consilience.formats.misp.event import AnalystData, Discussed, convert
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Issue
from consilience.model.marking import Marking
from consilience.model.source import Source
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Stance, Statement

NEITHER: Final = 50


class Subjects(msgspec.Struct, frozen=True, kw_only=True):
    """What analyst data can be about.

    ``held`` are the things of the event that can hold such data, each with its local pointer and as statements name it;
    ``others`` are things that the event names by uuid. ``maker`` is the source of the event, ``stated`` the (predicate,
    uuid) of relations that the event itself has told with their likelihood.
    """

    held: Sequence[tuple[str, Discussed, Entity]]
    others: dict[str, Entity]
    document: str
    pointer: str
    maker: str
    published: PartialDate
    marking: Marking
    stated: frozenset[tuple[str, str]] = frozenset()


Refuse = Callable[[Issue], None]
"""Takes what cannot be read, with a place within the event."""


def analyst_statements(subjects: Subjects, refuse: Refuse) -> tuple[list[Statement], list[Source]]:
    """Return the statements that analyst data makes, and the sources that speak in it beside the event's maker.

    ``refuse`` is told of each that cannot be read.
    """
    reader = _Reader(subjects, refuse)
    found = [found for place, thing, about in subjects.held for found in reader.all_of(place, thing, about)]
    reader.know_relationships(data for kind, _, data, _ in found if kind == "Relationship")
    opinions = [data for kind, _, data, _ in found if kind == "Opinion"]
    statements = [reader.statement(kind, place, data, about, opinions) for kind, place, data, about in found]
    return [each for each in statements if each is not None], list(reader.sources.values())


class _Reader:
    """Reads the analyst data of one event."""

    def __init__(self, subjects: Subjects, refuse: Refuse) -> None:
        self._subjects, self._refuse = subjects, refuse
        self._named = {**subjects.others, **{about.id: about for _, _, about in subjects.held if about.id}}
        self.sources: dict[str, Source] = {}

    def all_of(self, pointer: str, thing: Discussed, about: Entity) -> Iterator[tuple[str, str, AnalystData, Entity]]:
        """Yield the kind, the place, the content and the subject of analyst data, with that on itself."""
        held = {"Note": thing.notes, "Opinion": thing.opinions, "Relationship": thing.relationships}
        for kind, contents in held.items():
            for number, content in enumerate(contents or ()):
                place = f"{pointer}/{kind}/{number}"
                try:
                    data = convert(content, AnalystData)
                except msgspec.ValidationError as error:
                    self._refuse(Issue(place, f"wrong analyst data: {error}"))
                    continue
                yield kind, place, data, about
                yield from self.all_of(place, data, Entity(EntityType.OTHER, kind.lower(), data.uuid))

    def know_relationships(self, relationships: Iterator[AnalystData]) -> None:
        """Give relationships a name, for opinions that are about them."""
        for data in relationships:
            other = self._thing(data.related_object_uuid, data.related_object_type)
            self._named.setdefault(
                data.uuid, Entity(EntityType.OTHER, f"{data.relationship_type} {other.name}".strip(), data.uuid)
            )

    def _thing(self, uuid: str, kind: str) -> Entity:
        return self._named.get(uuid) or Entity(EntityType.OTHER, kind or "thing", uuid)

    def statement(
        self, kind: str, place: str, data: AnalystData, holder: Entity, opinions: Sequence[AnalystData]
    ) -> Statement | None:
        """Return what one piece of analyst data says; ``None``, with the reason refused, where it says nothing."""
        speaker, subjects = self._speaker(data), self._subjects
        given = {("analyst-data", kind.lower()), ("author", data.authors), ("opinion", _text(data.opinion))}
        made = Statement(
            subject=self._named.get(data.object_uuid) or holder,
            predicate=Predicate.MENTIONS.value,
            source=speaker.id if speaker else subjects.maker,
            via=subjects.maker if speaker else "",
            place=Place(subjects.document, subjects.pointer + place),
            said=self._date(place, data),
            published=subjects.published,
            marking=subjects.marking,
            rule=f"misp/{kind.lower()}",
            attributes=tuple(sorted(each for each in given if each[1])),
        )
        if kind == "Note":
            return self._note(place, data, made)
        if kind == "Opinion":
            return self._opinion(place, data, made, speaker.name if speaker else subjects.maker)
        return self._relationship(data, made, opinions)

    def _note(self, place: str, data: AnalystData, made: Statement) -> Statement | None:
        if not data.note.strip():
            self._refuse(Issue(place, "a note without text"))
            return None
        return msgspec.structs.replace(made, quote=data.note, lang=data.language or "", id="")

    def _opinion(self, place: str, data: AnalystData, made: Statement, body: str) -> Statement | None:
        if data.opinion is None or not 0 <= data.opinion <= 100:
            self._refuse(Issue(place, f"an opinion lies between 0 and 100, not {data.opinion}"))
            return None
        return msgspec.structs.replace(
            made,
            subject=Entity(EntityType.ORGANISATION, body),
            predicate=Predicate.AGREES.value,
            object=made.subject,
            quote=data.comment,
            act=SpeechAct.ASSESSMENT,
            stance=_stance(data.opinion),
            id="",
        )

    def _relationship(self, data: AnalystData, made: Statement, opinions: Sequence[AnalystData]) -> Statement | None:
        """Return what a relationship says: affirmed, unless its own maker's opinion on it is 50 or lower."""
        relation = data.relationship_type.strip() or Predicate.RELATED_TO.value
        if (relation, data.related_object_uuid) in self._subjects.stated:
            return None
        own = [each.opinion for each in opinions if each.object_uuid == data.uuid and _same_maker(each, data)]
        return msgspec.structs.replace(
            made,
            predicate=relation,
            object=self._thing(data.related_object_uuid, data.related_object_type),
            act=SpeechAct.ASSESSMENT if relation == Predicate.ATTRIBUTED_TO else SpeechAct.DESCRIPTION,
            stance=_stance(own[-1]) if own and own[-1] is not None else Stance.AFFIRMS,
            id="",
        )

    def _speaker(self, data: AnalystData) -> Source | None:
        """Return the organisation that made it, where that is another than the event's maker."""
        if data.maker is None or not data.maker.name.strip():
            return None
        found = find_source(data.maker.name)
        if found.id == self._subjects.maker:
            return None
        return self.sources.setdefault(found.id, found)

    def _date(self, place: str, data: AnalystData) -> PartialDate:
        try:
            return parse_date(data.modified or data.created)
        except ValueError as error:
            self._refuse(Issue(place, f"a wrong date is taken as unknown: {error}", lost=False))
            return UNKNOWN_DATE


def _text(opinion: int | None) -> str:
    return "" if opinion is None else str(opinion)


def _stance(opinion: int) -> Stance:
    if opinion == NEITHER:
        return Stance.DECLINES
    return Stance.AFFIRMS if opinion > NEITHER else Stance.DENIES


def _same_maker(one: AnalystData, other: AnalystData) -> bool:
    return one.maker == other.maker and (one.maker is not None or one.authors == other.authors)
