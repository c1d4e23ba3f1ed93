"""From MISP events to statements and observations (choices in decision 0006).

Attributes become observations of the one cluster that the event, or the attribute itself, is attributed to; galaxies
become statements about the event; reports and longer texts become passages. ``timestamp`` is the time of an edit and
is not read. Attribute types that are not read are counted, one issue for each type.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats import json_guard
from consilience.formats.context import ReadContext, sha256
from consilience.formats.document_facts import OwnWord, find_source, make_document
from consilience.formats.misp.attributes import is_observable, observables
from consilience.formats.misp.event import Attribute, Event, EventReport, Group, convert, events_in
from consilience.formats.misp.tags import GalaxyClaim, Grading, galaxy_claims, grading
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period, make_period, parse_date
from consilience.model.document import Issue, Passage, Reading
from consilience.model.marking import Marking, most_restrictive
from consilience.model.observable import Observation, Role
from consilience.model.source import Source
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Statement

UNKNOWN_SOURCE: Final = "unknown"
_ANY: Final = msgspec.json.Decoder()
_TEXT_TYPES: Final = frozenset({"text", "comment", "other"})
_REFERENCE_CATEGORIES: Final = frozenset({"External analysis", "Internal reference"})
# Shorter texts are labels, detection names and keys, not prose.
_FEWEST_WORDS: Final = 5


def read(data: bytes, context: ReadContext) -> Reading:
    """Return what the MISP event or events in ``data`` say.

    Raises ``FormatError`` for what is not JSON in UTF-8 or holds no event, and ``LimitError`` for a document that is
    larger or more deeply nested than ``context.limits`` allow. A part that cannot be used is an issue with its place.
    """
    begin = json_guard.check_text(data, context)
    content = json_guard.decode(_ANY, memoryview(data)[begin:], context, "a MISP event")
    if json_guard.too_deep(data, 0, len(data), context.limits.depth):
        raise LimitError(f"nested more than {context.limits.depth} levels deep", file=context.name)
    events = events_in(content)
    if not events:
        raise FormatError("no MISP event in it: neither Event nor response with events", file=context.name)
    reader = _Reader(data, context)
    for key in json_guard.duplicate_keys(data[begin:]):
        reader.issues.append(Issue("/", f"the key {key} stands twice in one object; the last one is read", lost=False))
    for pointer, content in events:
        reader.take_event(pointer, content)
    return reader.reading()


class _Reader:
    """Reads the events of one document."""

    def __init__(self, data: bytes, context: ReadContext) -> None:
        self.issues: list[Issue] = []
        self._data = data
        self._context = context
        self._sha = sha256(data)
        self._sources: dict[str, Source] = {}
        self._titles: list[str] = []
        self._dates: set[PartialDate] = set()
        self._makers: set[str] = set()
        self._markings: set[Marking] = set()
        self._statements: list[Statement] = []
        # A dict keeps the order of the rows and drops the second of two equal ones.
        self._rows: dict[Observation, None] = {}
        self._passages: list[Passage] = []

    def take_event(self, pointer: str, content: object) -> None:
        """Take in one event; report it if it is none."""
        try:
            event = convert(content, Event)
        except msgspec.ValidationError as error:
            self.issues.append(Issue(pointer, f"not a MISP event: {error}"))
            return
        reader = _EventReader(pointer, event, self._sha, self._source_of(event))
        self._titles.append(event.info)
        self._makers.add(reader.source)
        reader.take()
        self._dates.add(reader.date)
        self.issues.extend(reader.issues())
        self._markings.update(reader.markings)
        self._statements.extend(reader.statements)
        self._rows.update(dict.fromkeys(reader.observations))
        self._passages.extend(
            msgspec.structs.replace(each, lang=self._context.lang) if self._context.lang else each
            for each in reader.passages
        )

    def _source_of(self, event: Event) -> str:
        maker = event.maker or event.owner
        if self._context.source:
            return self._context.source
        if maker is None or not maker.name.strip():
            source = Source(id=UNKNOWN_SOURCE, name=UNKNOWN_SOURCE, basis="neither the event nor the case names it")
        else:
            source = find_source(maker.name)
        self._sources.setdefault(source.id, source)
        return source.id

    def reading(self) -> Reading:
        """Return all that the events taken say; raise ``FormatError`` if none of them could be taken."""
        if not self._titles:
            raise FormatError(self.issues[-1].reason, file=self._context.name, place=self.issues[-1].place)
        alone = len(self._titles) == 1
        own = OwnWord(
            title=self._titles[0] if alone else "",
            published=self._dates.pop() if len(self._dates) == 1 else UNKNOWN_DATE,
            marking=most_restrictive(self._markings),
        )
        document, _ = make_document(self._data, "misp", self._context, own)
        if not document.source and len(self._makers) == 1:
            document = msgspec.structs.replace(document, source=next(iter(self._makers)))
        return Reading(
            document=document,
            sources=list(self._sources.values()),
            statements=self._statements,
            observations=list(self._rows),
            passages=self._passages,
            issues=self.issues,
        )


class _EventReader:
    """Reads one event whose place in the document is ``pointer``."""

    def __init__(self, pointer: str, event: Event, document: str, source: str) -> None:
        self.source = source
        self.markings: set[Marking] = set()
        self.statements: list[Statement] = []
        self.observations: list[Observation] = []
        self.passages: list[Passage] = []
        self.date = UNKNOWN_DATE
        self._issues: list[Issue] = []
        self._unread: Counter[str] = Counter()
        self._first_unread: dict[str, str] = {}
        self._pointer = pointer
        self._event = event
        self._document = document
        self._graded = Grading()
        self._clusters: tuple[str, ...] = ()
        self._report = event.uuid
        self._flagged: frozenset[str] = frozenset()

    def issues(self) -> Iterator[Issue]:
        """Yield what was not taken; types that are not read once each, with their number."""
        yield from self._issues
        for kind, count in self._unread.items():
            yield Issue(self._first_unread[kind], f"{kind} ({count} times, here first)" if count > 1 else kind, False)

    def take(self) -> None:
        """Read the whole event."""
        self.date = self._parse(self._event.date, "/date")
        self._graded = self._grade(grading(self._event.tags or ()), "/Tag")
        self.markings.add(self._graded.marking or Marking.CLEAR)
        attributes = list(self._attributes())
        claims = galaxy_claims(self._event.galaxies or (), self._event.tags or ())
        claims += tuple(_named_actors(attributes))
        self._clusters = _cluster_names(claims)
        self._state(claims)
        self._report = _report_unit(attributes) or self._event.uuid
        self._flagged = frozenset(each.type for _, each in attributes if each.to_ids)
        for place, attribute in attributes:
            self._take_attribute(place, attribute)
        for number, content in enumerate(self._event.reports or ()):
            self._take_report(f"/EventReport/{number}", content)

    def _note(self, place: str, reason: str) -> None:
        self._unread[reason] += 1
        self._first_unread.setdefault(reason, self._pointer + place)

    def _parse(self, text: str, place: str) -> PartialDate:
        try:
            return parse_date(text)
        except ValueError as error:
            self._issues.append(Issue(self._pointer + place, f"a wrong date is taken as unknown: {error}", lost=False))
            return UNKNOWN_DATE

    def _grade(self, graded: Grading, place: str) -> Grading:
        """Take a TLP tag that names no label for a strict one: who wrote it meant to bound who may know."""
        for text in graded.unknown_tlp:
            reason = f"{text!r} names no TLP label; taken as {Marking.AMBER_STRICT}"
            self._issues.append(Issue(self._pointer + place, reason, lost=False))
            found = [Marking.AMBER_STRICT, *([graded.marking] if graded.marking else [])]
            graded = msgspec.structs.replace(graded, marking=most_restrictive(found))
        return graded

    def _attributes(self) -> Iterator[tuple[str, Attribute]]:
        """Yield the attributes of the event and of its objects that are not deleted, with their places."""
        for number, content in enumerate(self._event.attributes or ()):
            yield from self._attribute(f"/Attribute/{number}", content)
        for number, content in enumerate(self._event.groups or ()):
            place = f"/Object/{number}"
            try:
                group = convert(content, Group)
            except msgspec.ValidationError as error:
                self._issues.append(Issue(self._pointer + place, f"a wrong object: {error}"))
                continue
            if group.deleted:
                self._note(place, "a deleted object says nothing any more")
                continue
            for index, inner in enumerate(group.attributes or ()):
                for at, attribute in self._attribute(f"{place}/Attribute/{index}", inner):
                    attribute.first_seen = attribute.first_seen or group.first_seen
                    attribute.last_seen = attribute.last_seen or group.last_seen
                    yield at, attribute

    def _attribute(self, place: str, content: object) -> Iterator[tuple[str, Attribute]]:
        try:
            attribute = convert(content, Attribute)
        except msgspec.ValidationError as error:
            self._issues.append(Issue(self._pointer + place, f"a wrong attribute: {error}"))
            return
        if attribute.deleted:
            self._note(place, "a deleted attribute says nothing any more")
        else:
            yield place, attribute

    # What the event says as a whole.

    def _state(self, claims: tuple[GalaxyClaim, ...]) -> None:
        event = Entity(EntityType.INCIDENT, self._event.info or self._event.uuid, self._event.uuid, self.source)
        # What the event's one actor used is said of the actor; otherwise it is said of the event.
        actor = Entity(EntityType.CLUSTER, self._clusters[0], "", self.source) if len(self._clusters) == 1 else event
        graded = self._graded
        for claim in claims:
            about_event = claim.object.type in (EntityType.CLUSTER, EntityType.CAMPAIGN)
            namer = self.source if claim.object.type is EntityType.CLUSTER else ""
            self.statements.append(
                Statement(
                    subject=event if about_event else actor,
                    predicate=claim.predicate,
                    object=msgspec.structs.replace(claim.object, namer=namer),
                    source=self.source,
                    place=Place(self._document, self._pointer + claim.pointer),
                    quote=claim.words,
                    act=SpeechAct.ASSESSMENT if claim.predicate == Predicate.ATTRIBUTED_TO else SpeechAct.DESCRIPTION,
                    likelihood=graded.likelihood,
                    confidence=graded.confidence,
                    published=self.date,
                    credibility=graded.credibility,
                    marking=graded.marking or Marking.CLEAR,
                    rule="misp/galaxy" if "/Galaxy/" in claim.pointer else "misp/tag",
                    attributes=tuple(sorted({*claim.attributes, *graded.attributes})),
                )
            )

    def _take_report(self, place: str, content: object) -> None:
        try:
            report = convert(content, EventReport)
        except msgspec.ValidationError as error:
            self._issues.append(Issue(self._pointer + place, f"a wrong event report: {error}"))
            return
        if report.content and report.content.strip() and not report.deleted:
            self.passages.append(Passage(report.content, f"{self._pointer}{place}/content"))

    # What its attributes say.

    def _take_attribute(self, place: str, attribute: Attribute) -> None:
        graded = self._grade(grading(attribute.tags or ()), f"{place}/Tag")
        if graded.marking is not None:
            self.markings.add(graded.marking)
        text = str(attribute.value)
        if is_observable(attribute.type):
            self._observe(place, attribute, text)
        elif attribute.type in _TEXT_TYPES and len(text.split()) >= _FEWEST_WORDS:
            self.passages.append(Passage(text, f"{self._pointer}{place}/value"))
        elif attribute.type != "threat-actor":
            self._note(place, f"attributes of the type {attribute.type[:60]!r} are kept and not read")

    def _observe(self, place: str, attribute: Attribute, text: str) -> None:
        at = self._pointer + place
        try:
            values = observables(attribute.type, text)
        except ValueError as error:
            self._issues.append(Issue(at, f"{attribute.type} {text[:80]!r}: {error}"))
            return
        period = self._seen(place, attribute)
        cluster, role = self._cluster(place, attribute), self._role(attribute)
        self.observations.extend(
            Observation(
                cluster=cluster,
                type=value.type,
                value=value.value,
                source=self.source,
                document=self._document,
                place=at,
                report=self._report,
                first=period.first,
                last=period.last,
                reported=self.date,
                role=role,
            )
            for value in values
        )

    def _seen(self, place: str, attribute: Attribute) -> Period:
        try:
            return make_period(attribute.first_seen or "", attribute.last_seen or "")
        except ValueError as error:
            reason = f"wrong dates of use are taken as unknown: {error}"
            self._issues.append(Issue(self._pointer + place, reason, lost=False))
            return Period()

    def _cluster(self, place: str, attribute: Attribute) -> str:
        """Return the one cluster that the attribute, or else the event, is attributed to; of several, none."""
        own = _cluster_names(galaxy_claims(attribute.galaxies or (), attribute.tags or ()))
        names = own or self._clusters
        if len(names) > 1:
            self._note(place, "a value with several actors is kept without a cluster")
        return names[0] if len(names) == 1 else ""

    def _role(self, attribute: Attribute) -> Role:
        """Tell an indicator from what is only referred to.

        ``to_ids`` set to false says so where the event sets it to true for other attributes of the same type; makers
        who never set it say nothing by it (decision 0006 counts them).
        """
        if attribute.category in _REFERENCE_CATEGORIES or attribute.type == "link":
            return Role.REFERENCE
        return Role.REFERENCE if not attribute.to_ids and attribute.type in self._flagged else Role.INDICATOR


def _named_actors(attributes: list[tuple[str, Attribute]]) -> Iterator[GalaxyClaim]:
    for place, attribute in attributes:
        name = str(attribute.value).strip()
        if attribute.type == "threat-actor" and name:
            yield GalaxyClaim(Predicate.ATTRIBUTED_TO, Entity(EntityType.CLUSTER, name), name, f"{place}/value")


def _cluster_names(claims: tuple[GalaxyClaim, ...]) -> tuple[str, ...]:
    """Return the names of clusters; spellings that differ in case, spaces and stops only count as one."""
    names: dict[str, str] = {}
    for claim in claims:
        if claim.object.type is EntityType.CLUSTER:
            names.setdefault(re.sub(r"[\W_]", "", claim.object.name.casefold()), claim.object.name)
    return tuple(names.values())


def _report_unit(attributes: list[tuple[str, Attribute]]) -> str:
    """Return the address of the report behind the event, if it links to exactly one page that is not a file scan."""
    links = {str(each.value).strip() for _, each in attributes if each.type == "link"}
    reports = {link for link in links if "virustotal.com/" not in link}
    return reports.pop() if len(reports) == 1 else ""
