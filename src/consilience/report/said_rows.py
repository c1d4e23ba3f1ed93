"""Who said what, and when: the ledger and the timeline as rows. Words from outside stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from markupsafe import Markup

from consilience.knowledge import scales
from consilience.model.assessment import Assessment, EvidenceItem, LedgerRow, SourceRow, TimelineEvent
from consilience.model.dates import Period
from consilience.model.source import SourceKind
from consilience.model.statement import SpeechAct
from consilience.report import charts, sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import any_date, period_text
from consilience.report.naming import Names, names
from consilience.report.references import Words, document_codes, place_text, short_id, words
from consilience.report.titles import said_in_event, said_in_row, statement_sentence, timeline_sentence

LANES: Final = ("happened", "said", "published")

_GROUP_OF_ACT: Final = {
    SpeechAct.ASSESSMENT: "assessment",
    SpeechAct.JUDGEMENT: "judgement",
    SpeechAct.ALLEGATION: "judgement",
    SpeechAct.SELF_CLAIM: "self-claim",
    SpeechAct.DESCRIPTION: "description",
}
"""Which table a speech act belongs to: what a service assesses and what a government holds are two acts."""

_RETELLERS: Final = frozenset({SourceKind.PRESS, SourceKind.FEED, SourceKind.ANALYST, SourceKind.UNKNOWN})


class SaidRow(msgspec.Struct, frozen=True):
    """A row of the ledger. ``marks`` tell relays, repetitions and denials by the accused at a glance."""

    date: str
    who: str
    kind: str
    marks: tuple[str, ...]
    grade: str
    words: Words
    claim: str
    likelihood: str
    likelihood_scale: str
    confidence: str
    confidence_scale: str
    counted: str
    adds_nothing: bool
    document: str
    place: str
    statement: str


class SaidGroup(msgspec.Struct, frozen=True):
    """One kind of speech act with its rows; ``bare`` where none carries a likelihood or a confidence."""

    code: str
    title: str
    note: str
    bare: bool
    rows: tuple[SaidRow, ...]


class EventRow(msgspec.Struct, frozen=True):
    """A row of the timeline's table."""

    number: int
    lane: str
    when: str
    what: str


class Events(msgspec.Struct, frozen=True):
    """The timeline and its table."""

    rows: tuple[EventRow, ...]
    chart: Markup
    undated: str


def ledger(assessment: Assessment, lang: str) -> tuple[SaidGroup, ...]:
    """Return the ledger: the first two groups always, the others where they have rows. Undated rows come last."""
    texts, said = catalogue(lang), names(assessment, lang)
    groups: dict[str, list[LedgerRow]] = {"assessment": [], "judgement": [], "self-claim": [], "description": []}
    for row in sorted(assessment.ledger, key=lambda row: (not row.said, row.said, row.source, row.statement)):
        groups[_GROUP_OF_ACT.get(SpeechAct(row.act), "description")].append(row)
    return tuple(
        SaidGroup(
            code,
            texts.text(f"ledger.{code}"),
            texts.text("ledger.self-claim-note") if code == "self-claim" else "",
            not any(row.likelihood or row.confidence for row in rows),
            tuple(_said(row, assessment, said) for row in rows),
        )
        for code, rows in groups.items()
        if rows or code in {"assessment", "judgement"}
    )


def _said(row: LedgerRow, assessment: Assessment, said: Names) -> SaidRow:
    lang = said.lang
    texts = catalogue(lang)
    held = next((each for each in assessment.sources if each.source.id == row.source), None)
    grade = f"{held.source.reliability if held else 'F'}{row.credibility}"
    item = next((each for each in assessment.evidence if each.id == row.counted), None)
    leads = (
        item is None or item.statements[:1] == (row.statement,) or (not row.via and _speaks(item, said) == row.source)
    )
    accused = item is not None and item.params.get("accused") == "yes"
    return SaidRow(
        date=any_date(row.said, lang),
        who=said.row(row.source),
        kind=texts.coded("source-kind", held.source.kind) if held else "",
        marks=tuple(_marks(row, held, said, accused=accused)),
        grade=grade,
        words=words(row.quote, row.lang),
        claim=statement_sentence(said_in_row(row, said), said, alone=True),
        likelihood=sentences.quoted_likelihood(row.likelihood, lang) if row.likelihood else "",
        likelihood_scale=_scale_name(row.likelihood.scale, lang) if row.likelihood else "",
        confidence=sentences.quoted_confidence(row.confidence, lang) if row.confidence else "",
        confidence_scale=_scale_name(row.confidence.scale, lang) if row.confidence else "",
        counted=sentences.evidence_codes(assessment).get(row.counted, ""),
        adds_nothing=not leads,
        document=document_codes(assessment).get(row.document, ""),
        place=place_text(row.place, lang),
        statement=short_id(row.statement),
    )


def _speaks(item: EvidenceItem, said: Names) -> str:
    """Return the id of the source whose word an item counts."""
    return item.params.get("source-id") or said.ids.get(item.params.get("source", ""), "")


def _marks(row: LedgerRow, held: SourceRow | None, said: Names, *, accused: bool) -> Iterable[str]:
    texts = catalogue(said.lang)
    if row.via and row.via != row.source:
        yield texts.text("ledger.via", via=said.source(row.via))
    others = [each for each in held.origins if each != row.source] if held else []
    if held and others and held.source.kind in _RETELLERS:
        yield texts.text("ledger.repeats", origins=said.sources(others))
    elif others and row.counted:
        yield texts.text("ledger.origin", origins=said.sources(others))
    if accused:
        yield texts.text("ledger.accused")


def _scale_name(scale: str, lang: str) -> str:
    if scale not in scales.scale_ids():
        return catalogue(lang).coded("table", scale) if scale else catalogue(lang).text("ledger.unknown-scale")
    return scales.scale(scale).name[lang]


def events(assessment: Assessment, lang: str) -> Events:
    """Return the timeline: the events by date, undated ones last and only in the table.

    What one source says of several actors on one day is one event, and so is the attack however many sources date it
    to one day, and what is said twice in the same words of ours.
    """
    texts, said = catalogue(lang), names(assessment, lang)
    ordered = sorted(
        assessment.timeline, key=lambda event: (*_place(event.period), _lane(event.lane), event.kind != "incident")
    )
    together: dict[tuple[str, ...], list[TimelineEvent]] = {}
    for index, event in enumerate(ordered):
        together.setdefault(_told_together(event, said) or (str(index),), []).append(event)
    told = {(group[0].lane, group[0].period, _what(group, said)): group[0] for group in together.values()}
    rows, marks = [], []
    for number, ((_, period, what), event) in enumerate(told.items(), 1):
        when = period_text(period, lang)
        rows.append(EventRow(number, texts.coded("lane", event.lane), when, what))
        source = event.params.get("source", "")
        label = what if event.lane == "happened" or not source else said.brief(source)
        marks.append(charts.Mark(number, event.lane, event.period, f"{when}: {what}", label))
    undated = sum(1 for mark in marks if not (mark.period.first or mark.period.last))
    frame = charts.Frame(
        "timeline",
        texts.text("timeline.title"),
        texts.text("timeline.description", n=str(len(marks) - undated)),
        lang,
    )
    lanes = [(lane, texts.text(f"lane.{lane}")) for lane in LANES]
    return Events(
        tuple(rows),
        charts.timeline(marks, lanes, frame),
        texts.number("timeline.undated", undated) if undated else "",
    )


def _place(period: Period) -> tuple[bool, str]:
    first = period.first or period.last
    return not first, first[:10]


def _lane(lane: str) -> int:
    return LANES.index(lane) if lane in LANES else len(LANES)


def _told_together(event: TimelineEvent, said: Names) -> tuple[str, ...]:
    """Return what makes events one for a reader; empty for an event that stands alone."""
    claim = said_in_event(event, said)
    if claim is None or not claim.incident or claim.predicate != "attributed-to":
        return ()
    day = (event.lane, event.period.first[:10], event.period.last[:10])
    return day if event.kind == "event" else (*day, claim.source, claim.act, claim.stance)


def _what(group: list[TimelineEvent], said: Names) -> str:
    claims = [claim for event in group if (claim := said_in_event(event, said))]
    first = group[0]
    if claims and first.kind == "event" and claims[0].incident and claims[0].predicate == "attributed-to":
        return catalogue(said.lang).text("attack.dated", sources=said.sources(claim.source for claim in claims))
    blamed = tuple(sorted({thing for claim in claims for thing in claim.objects}))
    return timeline_sentence(first, said, blamed)
