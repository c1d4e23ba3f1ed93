"""From MISP events to statements and observations (choices in decision 0006).

Attributes become observations of the one cluster that the event, or the attribute itself, is attributed to; galaxies
become statements about the event; reports and longer texts become passages. ``timestamp`` is the time of an edit and
is not read. Attribute types that are not read are counted, one issue for each type.
"""

from __future__ import annotations

from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats import json_guard
from consilience.formats.context import ReadContext, sha256
from consilience.formats.document_facts import OwnWord, find_source, make_document
from consilience.formats.misp.event import Event, convert, events_in
from consilience.formats.misp.event_reader import EventReader
from consilience.model.dates import UNKNOWN_DATE, PartialDate
from consilience.model.document import Issue, Passage, Reading
from consilience.model.marking import Marking, most_restrictive
from consilience.model.observable import Observation
from consilience.model.source import Source
from consilience.model.statement import Statement

UNKNOWN_SOURCE: Final = "unknown"
_ANY: Final = msgspec.json.Decoder()


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
        reader = EventReader(pointer, event, self._sha, self._source_of(event))
        self._titles.append(event.info)
        self._makers.add(reader.source)
        reader.take()
        self._dates.add(reader.date)
        self.issues.extend(reader.issues())
        self._markings.update(reader.markings)
        self._statements.extend(reader.statements)
        for source in reader.further_sources:
            self._sources.setdefault(source.id, source)
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
