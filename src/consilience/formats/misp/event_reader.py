"""From one MISP event to statements, observations and passages (choices in decisions 0006 and 0033)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from consilience.formats.misp.analyst_data import Subjects, analyst_statements
from consilience.formats.misp.attachments import is_signed_package
from consilience.formats.misp.attributes import is_observable, observables
from consilience.formats.misp.cluster_relations import ClusterRelation, cluster_relations
from consilience.formats.misp.event import Attribute, Event, EventReport, Group, convert
from consilience.formats.misp.tags import GalaxyClaim, Grading, entity_type, galaxy_claims, grading
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period, make_period, parse_date
from consilience.model.document import Issue, Passage
from consilience.model.marking import Marking, most_restrictive
from consilience.model.observable import Observation, Role
from consilience.model.source import Source
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Statement

_TEXT_TYPES: Final = frozenset({"text", "comment", "other"})
_REFERENCE_CATEGORIES: Final = frozenset({"External analysis", "Internal reference"})
_OWN_DIGEST: Final = "consilience-event/1 sha256:"
"""Begins the text by which Consilience sees whether an event that it made was changed."""

# Shorter texts are labels, detection names and keys, not prose.
_FEWEST_WORDS: Final = 5


class EventReader:
    """Reads one event whose place in the document is ``pointer``."""

    def __init__(self, pointer: str, event: Event, document: str, source: str) -> None:
        self.source = source
        self.markings: set[Marking] = set()
        self.statements: list[Statement] = []
        self.observations: list[Observation] = []
        self.passages: list[Passage] = []
        self.further_sources: list[Source] = []
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
        reports = [
            (place, report)
            for number, content in enumerate(self._event.reports or ())
            if (report := self._report_at(place := f"/EventReport/{number}", content)) is not None
        ]
        for place, report in reports:
            self._take_report(place, report)
        relations = cluster_relations(self._event.galaxies or (), self._refuse)
        self._state_relations(claims, relations)
        self._take_analyst_data(attributes, reports, relations)

    def _refuse(self, issue: Issue) -> None:
        """Take an issue whose place is within the event."""
        self._issues.append(msgspec.structs.replace(issue, place=self._pointer + issue.place))

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
            # How likely it is that somebody did it says nothing of whether they used a tool.
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
                    likelihood=graded.likelihood if about_event else None,
                    confidence=graded.confidence,
                    published=self.date,
                    credibility=graded.credibility,
                    marking=graded.marking or Marking.CLEAR,
                    rule="misp/galaxy" if "/Galaxy/" in claim.pointer else "misp/tag",
                    attributes=tuple(sorted({*claim.attributes, *graded.attributes})),
                )
            )

    def _state_relations(self, claims: tuple[GalaxyClaim, ...], relations: tuple[ClusterRelation, ...]) -> None:
        """State what clusters of the event's own say of others, save what the event itself says in the same words."""
        said = {(each.predicate.value, each.object.name.casefold()) for each in claims}
        for each in relations:
            if each.object is None:
                self._note(each.pointer, "a relation to a cluster that is not in the event is kept and not read")
            elif each.is_placeholder:
                self._note(each.pointer, "an explanation that names nobody is kept and claims nothing")
            elif each.subject is not None or (each.predicate, each.object.name.casefold()) not in said:
                self.statements.append(
                    Statement(
                        subject=each.subject or self._itself(),
                        predicate=each.predicate,
                        object=msgspec.structs.replace(each.object, namer=self.source)
                        if each.object.type is EntityType.CLUSTER
                        else each.object,
                        source=self.source,
                        place=Place(self._document, self._pointer + each.pointer),
                        quote=each.words,
                        act=SpeechAct.ASSESSMENT
                        if each.predicate == Predicate.ATTRIBUTED_TO
                        else SpeechAct.DESCRIPTION,
                        likelihood=each.likelihood,
                        confidence=self._graded.confidence,
                        published=self.date,
                        credibility=self._graded.credibility,
                        marking=self._graded.marking or Marking.CLEAR,
                        rule="misp/relation",
                        attributes=each.attributes,
                    )
                )

    def _itself(self) -> Entity:
        return Entity(EntityType.INCIDENT, self._event.info or self._event.uuid, self._event.uuid, self.source)

    def _take_analyst_data(
        self,
        attributes: list[tuple[str, Attribute]],
        reports: list[tuple[str, EventReport]],
        relations: tuple[ClusterRelation, ...],
    ) -> None:
        clusters = {
            cluster.uuid: Entity(entity_type(cluster.type or galaxy.type) or EntityType.OTHER, cluster.value)
            for galaxy in self._event.galaxies or ()
            for cluster in galaxy.clusters or ()
            if cluster.uuid
        }
        subjects = Subjects(
            held=[
                ("", self._event, self._itself()),
                *((at, each, Entity(EntityType.OBSERVABLE, str(each.value), each.uuid)) for at, each in attributes),
                *((at, each, Entity(EntityType.DOCUMENT, each.name, each.uuid)) for at, each in reports),
            ],
            others={**{each.target: each.object for each in relations if each.object is not None}, **clusters},
            document=self._document,
            pointer=self._pointer,
            maker=self.source,
            published=self.date,
            marking=self._graded.marking or Marking.CLEAR,
            stated=frozenset((each.predicate, each.target) for each in relations),
        )
        statements, self.further_sources = analyst_statements(subjects, self._refuse)
        self.statements.extend(statements)

    def _report_at(self, place: str, content: object) -> EventReport | None:
        try:
            report = convert(content, EventReport)
        except msgspec.ValidationError as error:
            self._refuse(Issue(place, f"a wrong event report: {error}"))
            return None
        return None if report.deleted else report

    def _take_report(self, place: str, report: EventReport) -> None:
        if report.content and report.content.strip():
            self.passages.append(Passage(report.content, f"{self._pointer}{place}/content"))

    # What its attributes say.

    def _take_attribute(self, place: str, attribute: Attribute) -> None:
        graded = self._grade(grading(attribute.tags or ()), f"{place}/Tag")
        if graded.marking is not None:
            self.markings.add(graded.marking)
        text = str(attribute.value)
        if is_signed_package(attribute):
            self._note(place, "a signed assessment is kept and not read: `consilience verify` checks it")
        elif attribute.type == "text" and text.startswith(_OWN_DIGEST):
            return
        elif is_observable(attribute.type):
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
