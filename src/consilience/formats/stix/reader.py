"""From a STIX 2.1 bundle to statements and observations (OASIS STIX 2.1, 2021; choices in decision 0006).

Every relationship becomes a statement by the object's creator; a sighting and an alias likewise; indicators with plain
patterns and cyber-observable objects become observations of the one cluster that the bundle ties them to. Unknown
types, extensions and custom properties are not read and stay in the raw bytes, of which ``objects`` gives every
object's place. Older versions of an object are listed there too; only the newest one speaks.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats import json_guard
from consilience.formats.context import ReadContext, sha256
from consilience.formats.document_facts import find_source
from consilience.formats.stix.holders import LINKS, Holders
from consilience.formats.stix.objects import (
    ENTITY_TYPES,
    KNOWN,
    OTHER,
    SAYS_VERSION,
    TYPE_OF,
    TYPES,
    AttackPattern,
    Bundle,
    Campaign,
    Common,
    Grouping,
    Identity,
    Indicator,
    IntrusionSet,
    Kept,
    Location,
    Malware,
    MarkingDefinition,
    Named,
    Note,
    ObservedData,
    Opinion,
    Other,
    Relationship,
    Report,
    Sco,
    Sighting,
    ThreatActor,
    attack_id,
    label_of,
    name_of,
    sets_no_tlp,
    values_in,
)
from consilience.formats.stix.pattern import is_network, values_of
from consilience.knowledge.observable_syntax import normalise, refang
from consilience.knowledge.scales import LANGUAGES, likelihood_of_number, read_confidence, read_likelihood, terms
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period, make_period, parse_date
from consilience.model.document import Document, Issue, Passage, Reading, StixObject
from consilience.model.marking import OF_STIX_ID, Marking, most_restrictive
from consilience.model.observable import ObservableType, Observation, Role
from consilience.model.source import Source, SourceKind
from consilience.model.statement import Entity, EntityType, Place, Predicate, SpeechAct, Statement
from consilience.model.words import Confidence, Likelihood

UNKNOWN_SOURCE: Final = "unknown"
_LONGEST_QUOTE: Final = 2000
# Above this size the search for duplicate keys would take as long as all the rest of the reading (decision 0006).
_DUPLICATES_SOUGHT_TO: Final = 1 << 23

_BUNDLE: Final = msgspec.json.Decoder(Bundle)
_MAPPING: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NO_PERIOD: Final = Period()
# Bound once: a relationship is read 20,000 times for ATT&CK.
_ASSESSMENT: Final = SpeechAct.ASSESSMENT
_DESCRIPTION: Final = SpeechAct.DESCRIPTION
# Relations that say who somebody is. For others ("uses", "mitigates") a description tells details, and an estimative
# word in it is seldom about the relation (ATT&CK 18.1: "in a likely attempt to change the file hashes").
_WHO: Final = frozenset(
    {Predicate.ATTRIBUTED_TO, Predicate.SPONSORED_BY, Predicate.ORIGINATES_FROM, Predicate.RELATED_TO, "impersonates"}
    | {Predicate.PART_OF, Predicate.SHARES_INFRASTRUCTURE, Predicate.COOPERATES, Predicate.IMITATES, Predicate.OVERLAPS}
    | {Predicate.HIJACKS, Predicate.SUPPLIES, "derived-from", "variant-of", "duplicate-of"}
)
_DENIED: Final = re.compile(r"\b(?:not|no|never|cannot|without|neither|ne|pas|sans|aucune?)\b|n['’]t\b", re.IGNORECASE)
_GOVERNMENT: Final = re.compile(r"government|defen[cs]e")


def read(data: bytes, context: ReadContext) -> Reading:
    """Return what the STIX 2.1 bundle or TAXII 2.1 envelope in ``data`` says.

    Raises ``FormatError`` for what is not JSON in UTF-8, not a bundle, or STIX 1.x or 2.0, and ``LimitError`` for a
    document that is larger or more deeply nested than ``context.limits`` allow. An object that cannot be used is an
    issue with its place ``/objects/N``; it is listed in ``objects`` all the same if it has an id and a type.
    """
    if data.lstrip(json_guard.BOM + b" \t\r\n")[:1] == b"<":
        raise FormatError("XML, as in STIX 1.x: only STIX 2.1 is read; convert it first", file=context.name)
    begin = json_guard.check_text(data, context)
    view = memoryview(data)[begin:]
    bundle = json_guard.decode(_BUNDLE, view, context, "a STIX bundle")
    _check_version(bundle, view, context)
    raws = bundle.objects or []
    offsets = _offsets(data, raws)
    _check_nesting(data, offsets, context)
    reader = _Reader(data, context)
    if len(data) <= _DUPLICATES_SOUGHT_TO:
        reader.look_for_duplicate_keys(offsets)
    reader.take(raws, offsets)
    return reader.reading()


def _check_version(bundle: Bundle, view: memoryview, context: ReadContext) -> None:
    if bundle.spec_version.startswith(("1.", "2.0")):
        reason = f"STIX {bundle.spec_version}: only STIX 2.1 is read; convert it first (OASIS stix2-elevator)"
        raise FormatError(reason, file=context.name, place="/spec_version")
    if bundle.type == "bundle" or (not bundle.type and bundle.objects is not None):
        return
    if bundle.type in TYPES:
        reason = f"a single {bundle.type} object: put it into the objects of a bundle"
        raise FormatError(reason, file=context.name, place="/type")
    keys = json_guard.decode(_MAPPING, view, context, "a STIX bundle")
    if not bundle.type and any(key in keys for key in ("stix_header", "id_ref", "observables", "ttps")):
        raise FormatError("STIX 1.x in JSON: only STIX 2.1 is read; convert it first", file=context.name)
    raise FormatError("not a STIX bundle: it has no type 'bundle' and no objects", file=context.name)


def _offsets(data: bytes, raws: list[msgspec.Raw]) -> list[tuple[int, int]]:
    """Return start and end in ``data`` of each element of the array that ``raws`` was decoded from.

    Between two elements stand only a comma and white space, so each starts at the next other byte after the one
    before it. The first may stand elsewhere in the text too: its right place is the one from which the last is reached.
    """
    views = [memoryview(raw) for raw in raws]
    begin = data.find(views[0]) if views else -1
    while begin >= 0:
        position, offsets = begin, []
        for view in views:
            start = data.find(b"{", position) if view[0] == _BRACE else _next_element(data, position)
            position = start + view.nbytes
            offsets.append((start, position))
        if data[start:position] == views[-1]:
            return offsets
        begin = data.find(views[0], begin + 1)
    return []


_BRACE: Final = ord("{")


def _next_element(data: bytes, position: int) -> int:
    while data[position] in b", \t\r\n":
        position += 1
    return position


def _check_nesting(data: bytes, offsets: list[tuple[int, int]], context: ReadContext) -> None:
    """Refuse a bundle in which anything is nested too deeply, be it in an object or around them."""
    limit = context.limits.depth
    reason = f"nested more than {limit} levels deep"
    first, last = (offsets[0][0], offsets[-1][1]) if offsets else (len(data), len(data))
    for number, (start, end) in enumerate(offsets):
        # Two levels stand around an object: the bundle and its array.
        if json_guard.too_deep(data, start, end, limit - 2):
            raise LimitError(reason, file=context.name, place=f"/objects/{number}")
    for start, end in ((0, first), (last, len(data))):
        if json_guard.too_deep(data, start, end, limit):
            raise LimitError(reason, file=context.name, place=json_guard.line_of(data, start))


class _Tally:
    """Issues of one kind are one issue, with their number and the first place."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, bool], int] = defaultdict(int)
        self._first: dict[tuple[str, bool], str] = {}

    def add(self, place: str, reason: str, *, lost: bool = False) -> None:
        self._counts[reason, lost] += 1
        self._first.setdefault((reason, lost), place)

    def issues(self) -> Iterator[Issue]:
        for (reason, lost), count in self._counts.items():
            text = reason if count == 1 else f"{reason} ({count} times, here first)"
            yield Issue(self._first[reason, lost], text, lost)


class _Reader:
    """Reads the objects of one bundle: first all versions, then names and markings, statements, and observations."""

    def __init__(self, data: bytes, context: ReadContext) -> None:
        self._data = data
        self._context = context
        self._sha = sha256(data)
        self._tally = _Tally()
        self._issues: list[Issue] = []
        self._listed: list[StixObject] = []
        # The newest version of every object, with its number in the bundle.
        self._newest: dict[str, tuple[int, Kept]] = {}
        self._sources: dict[str, Source] = {}
        self._source_ids: dict[str, str] = {}
        self._entities: dict[str, Entity] = {}
        self._details: dict[str, tuple[tuple[str, str], ...]] = {}
        self._dates: dict[str, PartialDate] = {"": UNKNOWN_DATE}
        self._tlp: dict[str, Marking | None] = {}
        self._marked: dict[tuple[str, ...], Marking] = {}
        self._statements: list[Statement] = []
        self._passages: list[Passage] = []
        self._indicators: list[tuple[int, Indicator]] = []
        self._scos: list[tuple[int, Sco]] = []
        self._links: list[Relationship] = []
        # A dict keeps the order of the rows and drops the second of two equal ones.
        self._rows: dict[Observation, None] = {}
        self._holders = Holders(lambda ref: self._entity(ref, "/objects").name)

    # Objects and their versions.

    def look_for_duplicate_keys(self, offsets: list[tuple[int, int]]) -> None:
        """Report every object in which a key stands twice. The last one is read, as most programs do."""
        for number, (start, end) in enumerate(offsets):
            keys = json_guard.duplicate_keys(self._data[start:end])
            if keys:
                reason = f"the key {', '.join(keys)} stands twice in one object; the last one is read"
                self._issues.append(Issue(f"/objects/{number}", reason, lost=False))

    def take(self, raws: list[msgspec.Raw], offsets: list[tuple[int, int]]) -> None:
        """Decode, list and index all objects; the versions of one object compete, and the newest stays."""
        known, newest, listed = KNOWN.decode, self._newest, self._listed
        without_version = 0
        for number, raw in enumerate(raws):
            kept: Kept | None
            try:
                kept = known(raw)
            except msgspec.ValidationError as error:
                kept = self._take_other(number, raw, error)
                if kept is None:
                    continue
            kind = kept.type if type(kept) is Other else TYPE_OF[type(kept)]
            if kept.spec_version != "2.1" and type(kept) in SAYS_VERSION:
                without_version += not kept.spec_version
                if kept.spec_version:
                    self._tally.add(f"/objects/{number}", f"STIX {kept.spec_version[:20]!r} is read as STIX 2.1")
            start, end = offsets[number]
            before = newest.get(kept.id)
            if before is None or self._is_newer(number, kept, before):
                newest[kept.id] = (number, kept)
            elif before[1].modified == kept.modified:
                self._check_same(number, before[0], offsets)
                continue
            listed.append(StixObject(kept.id, kind, start, end - start))
        if without_version:
            reason = f"{without_version} objects have no spec_version; they are read as STIX 2.1"
            self._issues.append(Issue("/objects", reason, lost=False))

    def _take_other(self, number: int, raw: msgspec.Raw, error: msgspec.ValidationError) -> Other | None:
        place = f"/objects/{number}"
        try:
            other = OTHER.decode(raw)
        except msgspec.ValidationError as second:
            self._issues.append(Issue(place, f"not a STIX object: {second}"))
            return None
        if other.type in TYPES:
            self._issues.append(Issue(place, f"a wrong {other.type}: {error}"))
        elif not other.id.startswith(other.type + "--"):
            self._tally.add(place, "the id does not begin with the type of the object")
        return other

    def _is_newer(self, number: int, kept: Kept, before: tuple[int, Kept]) -> bool:
        if kept.modified == before[1].modified:
            return False
        return self._date(kept.modified, number) > self._date(before[1].modified, before[0])

    def _check_same(self, number: int, first: int, offsets: list[tuple[int, int]]) -> None:
        one, other = (self._data[slice(*offsets[each])] for each in (first, number))
        if one != other and msgspec.json.decode(one) != msgspec.json.decode(other):
            reason = f"the object of /objects/{first} again, with the same modified date and another content"
            self._issues.append(Issue(f"/objects/{number}", reason))

    # Dates, likelihood, markings.

    def _date(self, text: str, number: int) -> PartialDate:
        known = self._dates.get(text)
        if known is not None:
            return known
        try:
            if len(text) == 24 and text[-1] == "Z":
                # The form of nearly all timestamps, which msgspec checks faster than parse_date.
                msgspec.convert(text, datetime)
                self._dates[text] = PartialDate(text[:19] + "Z")
            else:
                self._dates[text] = parse_date(text)
            return self._dates[text]
        except ValueError as error:
            self._tally.add(f"/objects/{number}", f"a wrong date is taken as unknown: {error}")
            return UNKNOWN_DATE

    def _period(self, first: str, last: str, number: int) -> Period:
        if not first and not last:
            return _NO_PERIOD
        try:
            return make_period(self._date(first, number), self._date(last, number))
        except ValueError as error:
            self._tally.add(f"/objects/{number}", f"a wrong period is taken as unknown: {error}")
            return _NO_PERIOD

    def _likelihood(self, number: int, confidence: int | None) -> Likelihood | None:
        if confidence is None:
            return None
        try:
            return likelihood_of_number(confidence, "stix-dni")
        except ValueError as error:
            self._tally.add(f"/objects/{number}", f"a confidence is not used: {error}")
            return None

    def _marking(self, number: int, kept: Kept) -> Marking:
        refs = kept.object_marking_refs
        granular = getattr(kept, "granular_markings", ())
        if granular:
            # Granular markings bind parts of the object; the whole is bound by the strictest of them.
            refs = (*refs, *(each.marking_ref for each in granular if each.marking_ref))
        marking = self._marked.get(refs)
        if marking is None:
            for ref in refs:
                if ref not in self._tlp:
                    self._tlp[ref] = self._resolve_marking(number, ref)
            marking = most_restrictive(tlp for tlp in map(self._tlp.__getitem__, refs) if tlp is not None)
            self._marked[refs] = marking
        return marking

    def _resolve_marking(self, number: int, ref: str) -> Marking | None:
        """Return the TLP label behind a reference, ``None`` where it is a definition that sets no TLP."""
        if ref in OF_STIX_ID:
            return OF_STIX_ID[ref]
        definition = self._newest.get(ref, (0, None))[1]
        why = "is not in the bundle"
        if isinstance(definition, MarkingDefinition):
            label = label_of(definition)
            if label or sets_no_tlp(definition):
                return label
            why = "is of a kind that is not understood"
        self._tally.add(f"/objects/{number}", f"the marking {ref} {why}; taken as {Marking.AMBER_STRICT}")
        return Marking.AMBER_STRICT

    # Sources and names.

    def _name_publisher(self) -> str:
        """Return the id of the document's publisher, empty where nothing says it.

        The one creator of all objects is the publisher, whom the case may call by another id.
        """
        creators = {kept.created_by_ref for _, kept in self._newest.values() if isinstance(kept, Common)} - {""}
        creator = creators.pop() if len(creators) == 1 else ""
        if creator and self._context.source:
            self._source_ids[creator] = self._context.source
        if self._context.source or not creator:
            return self._context.source
        return self._source(creator)

    def _source(self, creator: str) -> str:
        known = self._source_ids.get(creator)
        if known is not None:
            return known
        identity = self._newest.get(creator, (0, None))[1]
        if isinstance(identity, Identity) and identity.name.strip():
            source = _source_of(identity)
        elif creator:
            source = Source(id=creator, name=creator, basis="the bundle refers to it and does not name it")
        elif self._context.source:
            self._source_ids[creator] = self._context.source
            return self._context.source
        else:
            source = Source(id=UNKNOWN_SOURCE, name=UNKNOWN_SOURCE, basis="neither the bundle nor the case names it")
        self._sources.setdefault(source.id, source)
        self._source_ids[creator] = source.id
        return source.id

    def _via(self, source: str) -> str:
        given = self._context.source
        return given if given != source else ""

    def _entity(self, ref: str, place: str) -> Entity:
        found = self._entities.get(ref)
        if found is None:
            found = self._entities[ref] = self._make_entity(ref, place)
        return found

    def _make_entity(self, ref: str, place: str) -> Entity:
        entity_type = ENTITY_TYPES.get(ref.partition("--")[0], EntityType.OTHER)
        kept = self._newest.get(ref, (0, None))[1]
        if kept is None:
            self._tally.add(place, "an object that is referred to is not in the bundle; its id is taken as its name")
            return Entity(entity_type, ref, ref)
        if isinstance(kept, AttackPattern):
            self._details[ref] = attack_id(kept)
        elif isinstance(kept, Location) and kept.country:
            self._details[ref] = (("country", kept.country),)
        elif isinstance(kept, Identity) and kept.identity_class == "class" and len(kept.sectors) == 1:
            return Entity(EntityType.SECTOR, kept.sectors[0], ref)
        namer = self._source(kept.created_by_ref) if isinstance(kept, IntrusionSet | ThreatActor | Campaign) else ""
        return Entity(entity_type, name_of(kept) or ref, ref, namer)

    # Statements and passages.

    def _state(self) -> Marking:
        """Make all statements and passages; return the strictest marking of any object."""
        found: set[Marking] = set()
        for number, kept in self._newest.values():
            marking = self._marking(number, kept)
            found.add(marking)
            if type(kept) is Relationship and not kept.revoked:
                self._relate(number, kept, marking)
            elif isinstance(kept, Common):
                self._read_object(number, kept, marking)
        return most_restrictive(found)

    def _read_object(self, number: int, kept: Common, marking: Marking) -> None:
        place = f"/objects/{number}"
        if kept.revoked:
            self._tally.add(place, "a revoked object says nothing any more")
        elif isinstance(kept, Named | Malware):
            self._name_aliases(number, kept, marking)
        elif isinstance(kept, Indicator):
            self._indicators.append((number, kept))
        elif isinstance(kept, Sco):
            self._scos.append((number, kept))
        elif isinstance(kept, Sighting):
            self._sight(number, kept, marking)
        elif isinstance(kept, ObservedData):
            period = self._period(kept.first_observed, kept.last_observed, number)
            self._holders.add_seen(kept.object_refs, period)
        elif isinstance(kept, Report | Grouping):
            self._holders.add_report(kept)
            self._pass_on(kept.description, f"{place}/description", kept)
        elif isinstance(kept, Note):
            self._pass_on(kept.content, f"{place}/content", kept)
        elif isinstance(kept, Opinion):
            self._pass_on(kept.explanation, f"{place}/explanation", kept)

    def _pass_on(self, text: str, pointer: str, kept: Common) -> None:
        if text.strip():
            self._passages.append(Passage(text, pointer, kept.lang or self._context.lang))

    def _relate(self, number: int, rel: Relationship, marking: Marking) -> None:
        place, predicate = f"/objects/{number}", rel.relationship_type
        if not (predicate and rel.source_ref and rel.target_ref):
            self._issues.append(Issue(place, "a relationship with an empty type, source or target"))
            return
        subject = self._entities.get(rel.source_ref) or self._entity(rel.source_ref, place)
        target = self._entities.get(rel.target_ref) or self._entity(rel.target_ref, place)
        source = self._source_ids.get(rel.created_by_ref) or self._source(rel.created_by_ref)
        given = self._context.source
        timed = rel.start_time or rel.stop_time
        words, lang = rel.description, rel.lang or self._context.lang
        likelihood = None if rel.confidence is None else self._likelihood(number, rel.confidence)
        if likelihood is None and predicate in _WHO and words:
            likelihood = _likelihood_in(words, lang)
        self._statements.append(
            Statement(
                subject=subject,
                predicate=predicate,
                object=target,
                source=source,
                via=given if given != source else "",
                place=Place(self._sha, place),
                quote=words[:_LONGEST_QUOTE],
                lang=lang,
                act=_ASSESSMENT if predicate == "attributed-to" else _DESCRIPTION,
                likelihood=likelihood,
                confidence=_confidence_in(words, lang) if "onfid" in words or "onfian" in words else None,
                happened=self._period(rel.start_time, rel.stop_time, number) if timed else _NO_PERIOD,
                published=self._date(rel.modified, number),
                marking=marking,
                rule="stix/relationship",
                attributes=self._attributes(rel),
            )
        )
        if predicate in LINKS:
            self._links.append(rel)
        if not rel.modified:
            self._tally.add(place, "a relationship without a modified date; when it was published is unknown")

    def _attributes(self, rel: Relationship) -> tuple[tuple[str, str], ...]:
        attributes = self._details.get(rel.source_ref, ()) + self._details.get(rel.target_ref, ())
        if rel.confidence is not None:
            attributes += (("confidence", str(rel.confidence)),)
        if len(rel.description) > _LONGEST_QUOTE:
            attributes += (("quote-cut-from", str(len(rel.description))),)
        return attributes if len(attributes) < 2 else tuple(sorted(set(attributes)))

    def _sight(self, number: int, sighting: Sighting, marking: Marking) -> None:
        period = self._period(sighting.first_seen, sighting.last_seen, number)
        self._holders.add_seen((sighting.sighting_of_ref,), period)
        source, place = self._source(sighting.created_by_ref), f"/objects/{number}"
        for ref in sighting.where_sighted_refs:
            self._statements.append(
                Statement(
                    subject=self._entity(sighting.sighting_of_ref, place),
                    predicate="sighted-at",
                    object=self._entity(ref, place),
                    source=source,
                    via=self._via(source),
                    place=Place(self._sha, place),
                    quote=sighting.description[:_LONGEST_QUOTE],
                    lang=sighting.lang or self._context.lang,
                    likelihood=self._likelihood(number, sighting.confidence),
                    happened=period,
                    published=self._date(sighting.modified, number),
                    marking=marking,
                    rule="stix/sighting",
                )
            )

    def _name_aliases(self, number: int, kept: Named | Malware, marking: Marking) -> None:
        for field, aliases in (("aliases", kept.aliases), ("x_mitre_aliases", kept.x_mitre_aliases)):
            for index, alias in enumerate(aliases):
                if not alias.strip() or alias == kept.name:
                    continue
                subject = self._entity(kept.id, f"/objects/{number}")
                source = self._source(kept.created_by_ref)
                self._statements.append(
                    Statement(
                        subject=subject,
                        predicate=Predicate.ALSO_KNOWN_AS,
                        object=Entity(subject.type, alias),
                        source=source,
                        via=self._via(source),
                        place=Place(self._sha, f"/objects/{number}/{field}/{index}"),
                        published=self._date(kept.modified, number),
                        marking=marking,
                        rule="stix/alias",
                    )
                )

    # Observations.

    def _observe(self) -> None:
        if not self._indicators and not self._scos:
            return
        for rel in self._links:
            self._holders.add_relationship(rel)
        for number, indicator in self._indicators:
            self._observe_indicator(number, indicator)
        for number, sco in self._scos:
            self._observe_sco(number, sco)

    def _observe_indicator(self, number: int, indicator: Indicator) -> None:
        place = f"/objects/{number}"
        if indicator.pattern_type != "stix":
            self._tally.add(place, f"a pattern of the type {indicator.pattern_type[:40]!r} is kept and not read")
            return
        try:
            values = values_of(indicator.pattern)
        except ValueError as reason:
            self._tally.add(place, f"{reason} is kept and not reduced to values")
            return
        first, last = self._holders.span(indicator.id)
        model = Observation(
            cluster=self._cluster(indicator.id, place),
            type="",
            value="",
            source=self._source(indicator.created_by_ref),
            document=self._sha,
            place=place,
            report=self._holders.report_unit(indicator.id),
            first=first,
            last=last,
            # valid_from says since when the indicator may be used, not since when the attacker used the value.
            reported=self._date(indicator.valid_from, number),
            role=Role.BENIGN if "benign" in indicator.indicator_types else Role.INDICATOR,
        )
        self._add_rows(model, values)

    def _observe_sco(self, number: int, sco: Sco) -> None:
        place = f"/objects/{number}"
        holders, reports = self._holders.holders(sco.id), self._holders.reports(sco.id)
        first, last = self._holders.span(
            sco.id, [self._period(rel.start_time, rel.stop_time, number) for _, rel in holders]
        )
        # An observable has neither dates nor a creator (STIX 2.1, 3.2): they are those of what ties it to a cluster.
        teller = holders[0][1] if holders else reports[0] if reports else None
        uses = self._holders.uses(sco.id)
        several = len(uses) > 1 and uses.keys() >= self._holders.clusters(sco.id)
        model = Observation(
            cluster="" if several else self._cluster(sco.id, place),
            type="",
            value="",
            source=self._source(teller.created_by_ref if teller else ""),
            document=self._sha,
            place=place,
            report=self._holders.report_unit(sco.id),
            first=first,
            last=last,
            reported=self._date(teller.created, number) if teller else UNKNOWN_DATE,
        )
        if not several:
            self._add_rows(model, values_in(sco))
            return
        for cluster, relationships in sorted(uses.items()):
            periods = [self._period(rel.start_time, rel.stop_time, number) for rel in relationships]
            first, last = self._holders.span(sco.id, periods)
            self._add_rows(msgspec.structs.replace(model, cluster=cluster, first=first, last=last), values_in(sco))

    def _cluster(self, ref: str, place: str) -> str:
        """Return the one cluster that has the object. Of several, none: that all used it is not said."""
        found = self._holders.clusters(ref)
        if len(found) > 1:
            self._tally.add(place, "a value that is tied to several clusters is kept without a cluster")
            return ""
        return next(iter(found), "")

    def _add_rows(self, model: Observation, values: Iterable[tuple[ObservableType, str]]) -> None:
        for kind, text in values:
            kind = ObservableType.NETWORK if kind in _ADDRESSES and is_network(text) else kind
            try:
                value = normalise(kind, refang(text))
            except ValueError as error:
                self._issues.append(Issue(model.place, f"{text[:80]!r}: {error}"))
                continue
            self._rows[msgspec.structs.replace(model, type=kind, value=value)] = None

    # The whole.

    def reading(self) -> Reading:
        """Return all that the objects taken say."""
        publisher = self._name_publisher()
        marking = self._state()
        self._observe()
        reports = [(n, kept) for n, kept in self._newest.values() if isinstance(kept, Report) and not kept.revoked]
        number, report = reports[0] if len(reports) == 1 else (0, None)
        try:
            published = parse_date(self._context.published)
        except ValueError as error:
            raise FormatError(str(error), file=self._context.name, place="published") from error
        document = Document(
            sha256=self._sha,
            name=self._context.name,
            format="stix",
            size=len(self._data),
            source=publisher,
            title=report.name if report else "",
            lang=self._context.lang or (report.lang if report else ""),
            published=published or self._date(report.published if report else "", number),
            url=self._context.url,
            # Whoever is given the document is given all of it.
            marking=marking,
        )
        return Reading(
            document=document,
            sources=list(self._sources.values()),
            statements=self._statements,
            observations=list(self._rows),
            objects=self._listed,
            passages=self._passages,
            issues=[*self._issues, *self._tally.issues()],
        )


@functools.cache
def _forms(kind: str, lang: str) -> re.Pattern[str]:
    found = (re.escape(each.text).replace(r"\ ", r"\s+") for each in terms(lang) if each.kind == kind)
    return re.compile(r"(?<!\w)(?:" + "|".join(found) + r")(?!\w)", re.IGNORECASE)


def _estimates(text: str, lang: str, kind: str) -> tuple[str, list[str]]:
    """Return the language and the words of ``kind`` in a description; those after a negation are left out."""
    lang = lang[:2].lower() or ("fr" if "confian" in text or " est " in text else "en")
    if lang not in LANGUAGES:
        return lang, []
    # The negation must stand in the same clause, not far before.
    return lang, [
        match[0]
        for match in _forms(kind, lang).finditer(text[:_LONGEST_QUOTE])
        if not _DENIED.search(re.split(r"[.;:,]", text[max(0, match.start() - 40) : match.start()])[-1])
    ]


def _confidence_in(text: str, lang: str) -> Confidence | None:
    """Return the level of confidence that a description names, ``None`` where it names none or two."""
    lang, found = _estimates(text, lang, "confidence")
    levels = [level for each in found if (level := read_confidence(each, lang)) is not None]
    return levels[0] if len({each.level for each in levels}) == 1 else None


def _likelihood_in(text: str, lang: str) -> Likelihood | None:
    """Return the likelihood that a description names in words, ``None`` where it names none or two."""
    lang, found = _estimates(text, lang, "likelihood")
    return read_likelihood(found[0], lang) if len({each.lower() for each in found}) == 1 else None


_ADDRESSES: Final = frozenset({ObservableType.IPV4, ObservableType.IPV6})


def _source_of(identity: Identity) -> Source:
    """Return the known source of that name, or one of which only the name and the sort of body are known."""
    source = find_source(identity.name)
    if source.kind is not SourceKind.UNKNOWN:
        return source
    if any(_GOVERNMENT.match(sector) for sector in identity.sectors):
        return msgspec.structs.replace(source, kind=SourceKind.STATE)
    kinds = {"individual": SourceKind.ANALYST, "system": SourceKind.FEED}
    return msgspec.structs.replace(source, kind=kinds.get(identity.identity_class, SourceKind.UNKNOWN))
