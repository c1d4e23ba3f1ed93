"""Section "what the clusters share" as rows: one part per pair and unit, set against chance."""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup

from consilience.model.assessment import Assessment, PairOverlap, SharedObservable
from consilience.report import charts, sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import any_date, count, decibans, isolated
from consilience.report.naming import Names, names
from consilience.report.rows import PartRow, part_rows

SHARED_ROWS: Final = 20
"""Shared values shown for a pair and unit, the weightiest first; the rest is in the JSON, and the cut is announced."""

ALL_UNITS: Final = "all"
"""The unit that adds up the others: its values stand under the kinds they belong to."""


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


def links(assessment: Assessment, lang: str) -> tuple[LinkPart, ...]:
    """Return the section: the unit that stands for the pair first."""
    said = names(assessment, lang)
    first = sentences.strongest_overlap(assessment)
    ordered = sorted(assessment.overlaps, key=lambda each: each is not first)
    return tuple(_link(overlap, index, assessment, said) for index, overlap in enumerate(ordered, 1))


def _link(overlap: PairOverlap, index: int, assessment: Assessment, said: Names) -> LinkPart:
    lang = said.lang
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
        rows=tuple(_shared(each, said) for each in shared),
        empty=texts.text("links.summed" if summed else "overlap.counts-only" if overlap.observed else "links.empty"),
        chart=charts.link_graph(one, other, marks, frame) if marks else Markup(""),
        firsts=texts.text("links.firsts", a=one, b=other),
    )


def _shared(each: SharedObservable, said: Names) -> SharedRow:
    lang = said.lang
    texts = catalogue(lang)
    if each.gap_days is None:
        gap = texts.text("overlap.gap-unknown")
    elif each.gap_days < 1:
        gap = texts.text("overlap.gap-same")
    else:
        gap = texts.number("overlap.gap-days", round(each.gap_days))
    firsts = [any_date(date, lang) for date in (each.first_a, each.first_b)]
    return SharedRow(
        type=texts.coded("observable", each.type),
        value=each.value,
        decibans=decibans(each.decibans, lang),
        prevalence=count(each.prevalence, lang),
        listed=each.discount or texts.text("links.not-listed"),
        gap=gap,
        firsts=texts.text("list.between").join(firsts),
        reports=", ".join(isolated(said.row(source)) for source in each.sources),
        parts=part_rows(each.parts, said),
    )
