"""What the answer rests on as rows: overlaps, ledger, timeline, sources, documents, evidence cards, settings.

As in ``rows``, everything is a function of the assessment and a language. Text from outside stays as it is; what
tells its language and direction goes with it.
"""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup

from consilience.knowledge import countries, scales
from consilience.model.assessment import (
    Assessment,
    EvidenceItem,
    Family,
    LedgerRow,
    PairOverlap,
    Quotation,
    SharedObservable,
)
from consilience.model.dates import Period
from consilience.model.source import Source
from consilience.model.statement import SpeechAct
from consilience.report import charts, sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import any_date, count, date_text, decibans, isolated, period_text
from consilience.report.rows import PartRow, item_title, part_rows

SHARED_ROWS: Final = 20
"""Shared values shown for a pair and unit, the weightiest first; the rest is in the JSON, and the cut is announced."""

ALL_UNITS: Final = "all"
"""The unit that adds up the others: its values stand under the kinds they belong to."""

LANES: Final = ("happened", "said", "published")


class SharedRow(msgspec.Struct, frozen=True):
    """A value that two clusters share."""

    type: str
    value: str
    decibans: str
    prevalence: str
    listed: str
    gap: str
    firsts: str
    reports: str
    parts: tuple[PartRow, ...]


class LinkPart(msgspec.Struct, frozen=True):
    """What a pair shares in one unit, against chance."""

    caption: str
    sentence: str
    notes: tuple[str, ...]
    rows: tuple[SharedRow, ...]
    chart: Markup
    firsts: str
    empty: str


class Words(msgspec.Struct, frozen=True):
    """Words in their own language, for ``lang`` and ``dir`` attributes."""

    text: str
    lang: str
    dir: str


class SaidRow(msgspec.Struct, frozen=True):
    """A row of the ledger."""

    date: str
    who: str
    kind: str
    via: str
    origin: str
    grade: str
    words: Words
    claim: str
    stance: str
    likelihood: str
    likelihood_scale: str
    confidence: str
    confidence_scale: str
    counted: str
    place: str
    url: str


class SaidGroup(msgspec.Struct, frozen=True):
    """One kind of speech act with its rows."""

    code: str
    title: str
    rows: tuple[SaidRow, ...]


class EventRow(msgspec.Struct, frozen=True):
    """A row of the timeline's table."""

    number: int
    lane: str
    when: str
    what: str


class Events(msgspec.Struct, frozen=True):
    """Section 7: the timeline and its table."""

    rows: tuple[EventRow, ...]
    chart: Markup
    undated: str


class SourceLine(msgspec.Struct, frozen=True):
    """A source with its grade."""

    name: str
    kind: str
    grade: str
    basis: str
    origins: str
    statements: str


class DocumentLine(msgspec.Struct, frozen=True):
    """A document with its digest."""

    title: str
    name: str
    format: str
    source: str
    published: str
    sha256: str
    url: str
    lang: str
    marking: str


class QuoteRow(msgspec.Struct, frozen=True):
    """A quotation with the place to look it up."""

    words: Words
    source: str
    document: str
    place: str
    url: str
    statement: str


class Card(msgspec.Struct, frozen=True):
    """Section 9: an item of evidence with the words that it rests on."""

    code: str
    anchor: str
    title: str
    family: str
    moves: str
    group: str
    plant: str
    parts_caption: str
    parts: tuple[PartRow, ...]
    hypotheses: tuple[PartRow, ...]
    quotations: tuple[QuoteRow, ...]
    sources: str
    statements: str


def links(assessment: Assessment, lang: str) -> tuple[LinkPart, ...]:
    """Return section 5: one part per pair and unit."""
    return tuple(_link(overlap, index, assessment, lang) for index, overlap in enumerate(assessment.overlaps, 1))


def _link(overlap: PairOverlap, index: int, assessment: Assessment, lang: str) -> LinkPart:
    texts = catalogue(lang)
    one, other = isolated(overlap.a), isolated(overlap.b)
    apart = {(each.a, each.b) for each in assessment.overlaps if each.unit != ALL_UNITS and each.shared}
    summed = overlap.unit == ALL_UNITS and (overlap.a, overlap.b) in apart
    ranked = sorted(overlap.shared, key=lambda each: (bool(each.discount), -each.decibans, each.value))
    shared = () if summed else tuple(ranked[:SHARED_ROWS])
    notes = [
        sentences.overlap_verdict(overlap, lang),
        texts.number("overlap.origins", overlap.origins) if overlap.origins else "",
        texts.text("overlap.population", population=sentences.population_text(overlap.population, lang))
        if overlap.population
        else "",
    ]
    if shared and overlap.shared_total != overlap.observed:
        notes.append(texts.number("overlap.other-count", overlap.shared_total))
    if shared and overlap.shared_total > len(shared):
        notes.append(texts.text("overlap.shown", shown=str(len(shared)), total=str(overlap.shared_total)))
    if len(shared) > charts.GRAPH_MARKS:
        notes.append(texts.text("overlap.graph-cut", shown=str(charts.GRAPH_MARKS), total=str(len(shared))))
    drawn = shared[: charts.GRAPH_MARKS]
    frame = charts.Frame(
        f"graph-{index}",
        texts.text("chart.graph-title", a=one, b=other),
        texts.text("chart.graph-description", n=str(len(drawn))),
        lang,
    )
    marks = [charts.SharedMark(isolated(each.value), each.decibans, bool(each.discount)) for each in drawn]
    return LinkPart(
        caption=texts.text("links.caption", a=one, b=other, unit=texts.coded("observable", overlap.unit)),
        sentence=sentences.overlap_sentence(overlap, lang),
        notes=tuple(note for note in notes if note),
        rows=tuple(_shared(each, assessment, lang) for each in shared),
        empty=texts.text("links.summed" if summed else "overlap.counts-only" if overlap.observed else "links.empty"),
        chart=charts.link_graph(one, other, marks, frame) if marks else Markup(""),
        firsts=texts.text("links.firsts", a=one, b=other),
    )


def _shared(each: SharedObservable, assessment: Assessment, lang: str) -> SharedRow:
    texts = catalogue(lang)
    if each.gap_days is None:
        gap = texts.text("overlap.gap-unknown")
    elif each.gap_days < 1:
        gap = texts.text("overlap.gap-same")
    else:
        gap = texts.number("overlap.gap-days", round(each.gap_days))
    names = sentences.source_names(assessment)
    firsts = [any_date(date, lang) for date in (each.first_a, each.first_b)]
    return SharedRow(
        type=texts.coded("observable", each.type),
        value=each.value,
        decibans=decibans(each.decibans, lang),
        prevalence=count(each.prevalence, lang),
        listed=each.discount or texts.text("links.not-listed"),
        gap=gap,
        firsts=texts.text("list.between").join(firsts),
        reports=", ".join(isolated(names.get(source, source)) for source in each.sources),
        parts=part_rows(each.parts, lang),
    )


# Which table of the ledger a speech act belongs to: what a service assesses and what a government holds are two acts.
_GROUP_OF_ACT: Final = {
    SpeechAct.ASSESSMENT: "assessment",
    SpeechAct.JUDGEMENT: "judgement",
    SpeechAct.ALLEGATION: "judgement",
    SpeechAct.SELF_CLAIM: "self-claim",
    SpeechAct.DESCRIPTION: "description",
}


def ledger(assessment: Assessment, lang: str) -> tuple[SaidGroup, ...]:
    """Return section 6: the first two groups always, the others where they have rows. Undated rows come last."""
    texts = catalogue(lang)
    groups: dict[str, list[LedgerRow]] = {"assessment": [], "judgement": [], "self-claim": [], "description": []}
    for row in sorted(assessment.ledger, key=lambda row: (not row.said, row.said, row.source, row.statement)):
        groups[_GROUP_OF_ACT.get(SpeechAct(row.act), "description")].append(row)
    return tuple(
        SaidGroup(code, texts.text(f"ledger.{code}"), tuple(_said(row, assessment, lang) for row in rows))
        for code, rows in groups.items()
        if rows or code in {"assessment", "judgement"}
    )


def _said(row: LedgerRow, assessment: Assessment, lang: str) -> SaidRow:
    texts = catalogue(lang)
    names = sentences.source_names(assessment)
    known = {each.source.id: each for each in assessment.sources}
    held = known.get(row.source)
    grade = f"{held.source.reliability if held else 'F'}{row.credibility}"
    return SaidRow(
        date=date_text(row.said, lang),
        who=names.get(row.source, row.source),
        kind=texts.coded("source-kind", held.source.kind) if held else "",
        via=texts.text("ledger.via", via=isolated(names.get(row.via, row.via))) if row.via else "",
        origin=_origins_text(held.source, held.origins, names, lang) if held else "",
        grade=grade,
        words=_words(row.quote, row.lang),
        claim=sentences.claim_sentence(row, lang),
        stance=texts.coded("stance", row.stance),
        likelihood=sentences.quoted_likelihood(row.likelihood, lang) if row.likelihood else "",
        likelihood_scale=_scale_name(row.likelihood.scale, lang) if row.likelihood else "",
        confidence=sentences.quoted_confidence(row.confidence, lang) if row.confidence else "",
        confidence_scale=_scale_name(row.confidence.scale, lang) if row.confidence else "",
        counted=sentences.evidence_codes(assessment).get(row.counted, ""),
        place=row.place,
        url=row.url,
    )


def _scale_name(scale: str, lang: str) -> str:
    if scale not in scales.scale_ids():
        return scale or catalogue(lang).text("ledger.unknown-scale")
    return scales.scale(scale).name[lang]


def _origins_text(source: Source, origins: tuple[str, ...], names: dict[str, str], lang: str) -> str:
    texts = catalogue(lang)
    others = [isolated(names.get(each, each)) for each in origins if each != source.id]
    return texts.text("ledger.origin", origins=texts.listed(others)) if others else texts.text("ledger.own-origin")


_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur", "ps", "ckb", "yi", "ug", "sd", "dv"})


def _words(text: str, lang: str) -> Words:
    direction = "rtl" if lang.split("-")[0] in _RIGHT_TO_LEFT else "auto" if not lang else "ltr"
    return Words(text, lang, direction)


def events(assessment: Assessment, lang: str) -> Events:
    """Return section 7: the events by date, undated ones last and only in the table."""
    texts = catalogue(lang)
    names = sentences.source_names(assessment)

    def place(period: Period) -> tuple[bool, str]:
        first = period.first or period.last
        return (not first, first)

    ordered = sorted(assessment.timeline, key=lambda event: (*place(event.period), event.lane, event.kind))
    rows, marks = [], []
    for number, event in enumerate(ordered, 1):
        when, what = period_text(event.period, lang), sentences.timeline_sentence(event, lang, names)
        rows.append(EventRow(number, texts.coded("lane", event.lane), when, what))
        marks.append(charts.Mark(number, event.lane, event.period, f"{when}: {what}"))
    undated = sum(1 for event in ordered if not (event.period.first or event.period.last))
    frame = charts.Frame(
        "timeline",
        texts.text("timeline.title"),
        texts.text("timeline.description", n=str(len(ordered) - undated)),
        lang,
    )
    lanes = [(lane, texts.text(f"lane.{lane}")) for lane in LANES]
    return Events(
        tuple(rows),
        charts.timeline(marks, lanes, frame),
        texts.number("timeline.undated", undated) if undated else "",
    )


def sources(assessment: Assessment, lang: str) -> tuple[SourceLine, ...]:
    """Return the sources with grade, ground and origin."""
    texts = catalogue(lang)
    names = sentences.source_names(assessment)
    return tuple(
        SourceLine(
            name=row.source.name,
            kind=texts.coded("source-kind", row.source.kind),
            grade=f"{row.source.reliability}, {scales.reliability_text(row.source.reliability, lang)}",
            basis=row.source.basis or texts.text("sources.no-basis"),
            origins=texts.listed([isolated(names.get(each, each)) for each in row.origins if each != row.source.id])
            or texts.text("sources.itself"),
            statements=count(row.statements, lang),
        )
        for row in assessment.sources
    )


def documents(assessment: Assessment, lang: str) -> tuple[DocumentLine, ...]:
    """Return the documents with digest and address."""
    names = sentences.source_names(assessment)
    return tuple(
        DocumentLine(
            title=row.title or row.name,
            name=row.name if row.title else "",
            format=row.format,
            source=names.get(row.source, row.source),
            published=date_text(row.published, lang),
            sha256=row.sha256,
            url=row.url,
            lang=row.lang,
            marking=row.marking,
        )
        for row in assessment.documents
    )


def cards(assessment: Assessment, lang: str) -> tuple[Card, ...]:
    """Return section 9: one card per item, in the order of the assessment."""
    return tuple(_card(item, assessment, lang) for item in assessment.evidence)


def _card(item: EvidenceItem, assessment: Assessment, lang: str) -> Card:
    texts = catalogue(lang)
    codes = sentences.evidence_codes(assessment)
    names = sentences.source_names(assessment)
    titles = {row.sha256: row.title or row.name for row in assessment.documents}
    step = next((step for step in assessment.waterfall if step.item == item.id), None)
    mates = [codes[other.id] for other in assessment.evidence if other.group == item.group and other.id != item.id]
    spoken_for = [each for each in assessment.hypotheses if each.id == item.speaks_for]
    caption = ""
    if spoken_for and item.parts:
        label = sentences.hypothesis_label(spoken_for[0], lang)
        caption = texts.text("card.parts-caption", code=codes[item.id], label=label)
    return Card(
        code=codes[item.id],
        anchor=codes[item.id],
        title=item_title(item, assessment, lang),
        family=texts.coded("family", Family(item.family)),
        moves=texts.text(
            "card.against-all",
            decibans=decibans(step.decibans, lang),
            words=sentences.weight_words(step.decibans, lang),
        )
        if step
        else "",
        group=texts.text("card.group", codes=texts.listed(mates)) if mates and item.group else "",
        plant=texts.text(
            "card.deceive" if item.family is Family.CLAIMS else "card.plant",
            **{"class": texts.coded("plant-class", item.plant_class)},
        )
        if item.plant_class
        else "",
        parts_caption=caption,
        parts=part_rows(item.parts, lang) if caption else (),
        hypotheses=tuple(
            PartRow(sentences.hypothesis_label(each, lang), decibans(item.weights[each.id], lang))
            for each in assessment.hypotheses
            if item.weights.get(each.id)
        ),
        quotations=tuple(_quote(each, names, titles) for each in item.quotations),
        sources=texts.listed([isolated(names.get(each, each)) for each in item.sources]),
        statements=texts.number("card.statements", len(item.statements)) if item.statements else "",
    )


def _quote(quotation: Quotation, names: dict[str, str], titles: dict[str, str]) -> QuoteRow:
    return QuoteRow(
        _words(quotation.text, quotation.lang),
        names.get(quotation.source, quotation.source),
        titles.get(quotation.document, quotation.document),
        quotation.place,
        quotation.url,
        quotation.statement,
    )


def place_names(codes: tuple[str, ...], lang: str) -> str:
    """Return country codes as an enumeration of names."""
    return catalogue(lang).listed([countries.country_name(code, lang) or code for code in codes])


def sector_names(codes: tuple[str, ...], lang: str) -> str:
    """Return sectors as an enumeration, in the reader's language where they are known."""
    texts = catalogue(lang)
    return texts.listed([texts.coded("sector", code) for code in codes])


def settings(assessment: Assessment, lang: str) -> tuple[tuple[str, str], ...]:
    """Return the settings of the method by name, with the digits that they have."""
    return tuple((name, _exact(value, lang)) for name, value in sorted(assessment.basis.settings.items()))


def _exact(value: float, lang: str) -> str:
    return f"{value:g}".replace(".", ",") if lang == "fr" else f"{value:g}"
