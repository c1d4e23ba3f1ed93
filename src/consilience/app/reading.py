"""Read one document and show what was found in it beside its words, without a workspace: nothing is kept."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from consilience.app.adding import Told, printable, read_bytes
from consilience.app.readers import open_lexicon, read
from consilience.app.settings import Settings
from consilience.formats.context import Limits, ReadContext
from consilience.formats.document_facts import Link, ProseReading
from consilience.model.document import Document, Issue, Passage
from consilience.model.observable import Observation
from consilience.model.statement import Statement, awaits_review

if TYPE_CHECKING:  # the rules for prose load only when there is prose, a model only where one is asked
    from consilience.app.language_model import LanguageModel
    from consilience.extract.passages import Lexicon

_CHARS: Final = re.compile(r"(?P<pointer>.*?) ?chars (?P<start>\d+)-(?P<end>\d+)")


class Kind(StrEnum):
    """What sort of thing was found."""

    OBSERVABLE = "observable"
    NAME = "name"
    DATE = "date"
    CLAIM = "claim"
    PROPOSAL = "proposal"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found: its place, the words that stand there, and what they were read as.

    ``pointer``, ``start`` and ``end`` are as in :class:`~consilience.model.statement.Place`. ``type`` is that of the
    observable or the entity, the predicate of a claim, or ``date``. ``note`` is the role of an observable, the key of
    a name, the precision of a date, or the stance of a claim, its word of likelihood and a proposal's probability;
    ``rule`` what made a claim.
    """

    kind: Kind
    pointer: str
    start: int
    end: int
    words: str
    type: str
    value: str
    note: str = ""
    rule: str = ""
    statement: Statement | None = None


class DocumentFindings(msgspec.Struct, frozen=True, kw_only=True):
    """A document, its stored text, and everything found in it in the order of the text."""

    document: Document
    author: str
    links: tuple[Link, ...]
    issues: tuple[Issue, ...]
    passages: tuple[Passage, ...]
    findings: tuple[Finding, ...]


def read_document(
    where: Settings,
    path: Path,
    told: Told = Told(),
    limits: Limits = Limits(),
    model: LanguageModel | None = None,
) -> DocumentFindings:
    """Read a document as ``consilience add`` does, and return what was found, with names and dates too.

    Where a language ``model`` is given, what it proposes comes last, and what of its answer was dropped is an issue.
    Raises :class:`~consilience.errors.InputError` where the document cannot be read, and what
    :func:`~consilience.app.language_model.propose` raises.
    """
    data = read_bytes(path, path.parent, limits)
    context = ReadContext(
        name=printable(path.name),
        source=told.source,
        url=told.url,
        published=told.published,
        lang=told.lang,
        mapping=told.mapping,
        retrieved=told.retrieved,
        limits=limits,
    )
    reading = read(data, context)
    found = [_of_statement(each) for each in reading.statements]
    found += [_of_observation(each, {}) for each in reading.observations]
    issues = list(reading.issues)
    if reading.passages:
        lexicon = open_lexicon(where)
        for passage in reading.passages:
            found += find_in(passage, reading.document, lexicon)
        if model is not None:
            from consilience.app.language_model import propose

            proposed = propose(model, reading.document, reading.passages, lexicon)
            found += [_of_statement(each) for each in proposed.statements]
            issues += proposed.dropped
    prose = reading if isinstance(reading, ProseReading) else None
    return DocumentFindings(
        document=reading.document,
        author=prose.author if prose else "",
        links=prose.links if prose else (),
        issues=tuple(issues),
        passages=tuple(reading.passages),
        findings=tuple(found),
    )


def find_in(passage: Passage, document: Document, lexicon: Lexicon) -> list[Finding]:
    """Return what stands in a passage, in the order of the text; a claim stands where its sentence begins."""
    from consilience.extract.passages import extract

    extraction = extract(passage, document, lexicon)
    texts = {passage.pointer: passage.text}
    found = [_of_statement(each) for each in extraction.statements]
    found += [_of_observation(each, texts) for each in extraction.observations]
    for name in extraction.names:
        found.append(
            Finding(
                kind=Kind.NAME,
                pointer=passage.pointer,
                start=name.start,
                end=name.end,
                words=name.text,
                type=name.type,
                value=name.name or name.key,
                note="; ".join(filter(None, (name.key, name.sense, name.evidence))),
            )
        )
    found += _dates(passage, document)
    return sorted(found, key=lambda each: (each.start, each.end, each.kind))


def _dates(passage: Passage, document: Document) -> list[Finding]:
    """Return the dates, read sentence by sentence as the claims are."""
    from consilience.extract.dates import find_dates
    from consilience.extract.sentences import split

    lang = (passage.lang or document.lang)[:2].lower()
    return [
        Finding(
            kind=Kind.DATE,
            pointer=passage.pointer,
            start=sentence.start + date.start,
            end=sentence.start + date.end,
            words=passage.text[sentence.start + date.start : sentence.start + date.end],
            type="date",
            value=date.date or "–".join(filter(None, (date.first, date.last))),
            note="from the day of publication" if date.relative else "as written",
        )
        for sentence in split(passage.text)
        for date in find_dates(passage.text[sentence.start : sentence.end], lang, document.published)
    ]


def _of_statement(statement: Statement) -> Finding:
    place = statement.place
    likelihood = f", “{statement.likelihood.term}”" if statement.likelihood else ""
    probability = dict(statement.attributes).get("probability", "")
    thing = statement.object.name if statement.object else ""
    return Finding(
        # What no rule read is a proposal, whoever makes it: it counts once an analyst accepts it.
        kind=Kind.PROPOSAL if awaits_review(statement) else Kind.CLAIM,
        pointer=place.pointer,
        start=place.start,
        end=place.end,
        words=statement.quote,
        type=statement.predicate,
        value=f"{statement.source}: {statement.subject.name} {statement.predicate} {thing}".rstrip(),
        note=statement.stance + likelihood + (f", probability {probability}" if probability else ""),
        rule=statement.rule,
        statement=statement,
    )


def _of_observation(observation: Observation, texts: dict[str, str]) -> Finding:
    """Return an observable with the words that stand at its place, where the place is in a text."""
    match = _CHARS.fullmatch(observation.place)
    pointer, start, end = observation.place, -1, -1
    if match is not None:
        pointer, start, end = match["pointer"], int(match["start"]), int(match["end"])
    return Finding(
        kind=Kind.OBSERVABLE,
        pointer=pointer,
        start=start,
        end=end,
        words=texts[pointer][start:end] if pointer in texts and start >= 0 else "",
        type=observation.type,
        value=observation.value,
        note=observation.role,
    )
