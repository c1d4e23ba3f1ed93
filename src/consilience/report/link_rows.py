"""Section "what the clusters share" as rows: a map of what became of each weight, and one part per pair and unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from markupsafe import Markup

from consilience.model.assessment import Assessment, PairOverlap, SharedObservable
from consilience.overlap.pairs import OverlapSettings
from consilience.overlap.verdict import Verdict, verdict
from consilience.report import link_charts, sentences, svg
from consilience.report.catalogue import Catalogue, catalogue
from consilience.report.forms import any_date, count, decibans, isolated, p_value
from consilience.report.naming import Names, list_words, names
from consilience.report.overlap_figures import figures, of_public_lists
from consilience.report.rows import PartRow, part_rows

SHARED_ROWS: Final = 20
"""Shared values shown for a pair and unit, the weightiest first; the rest is in the JSON, and the cut is announced."""

ALL_UNITS: Final = "all"
"""The unit that adds up the others: its values stand under the kinds they belong to."""

MAP_ROWS: Final = 16
"""Values in the map, dealt out over the units in the order of their tables; the cut is announced."""

_STEPS: Final[dict[str, tuple[str, ...]]] = {
    "listed": ("listed",),
    "spread": ("prevalence", "hub", "floor"),
    "planting": ("planting-cap",),
    "time": ("decay", "dates-unknown"),
    "copies": ("same-report",),
}
"""Columns of the map between the weight before and after discounts, with the steps of a weight that they add up."""

_BEFORE: Final = "table"
_OTHER: Final = "other"

_CALLED: Final = {Verdict.LINK: "link", Verdict.LEAD: "lead", Verdict.CHANCE: "chance", Verdict.UNSEEN: "more"}


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
    chart_note: str
    firsts: str
    empty: str


class WeightMap(msgspec.Struct, frozen=True):
    """The map of what became of each weight; ``cut`` says what it leaves out. No drawing where nothing is shared."""

    chart: Markup
    cut: str


def links(assessment: Assessment, lang: str) -> tuple[LinkPart, ...]:
    """Return the section: the unit that stands for the pair first."""
    said = names(assessment, lang)
    first = sentences.strongest_overlap(assessment)
    ordered = sorted(assessment.overlaps, key=lambda each: each is not first)
    return tuple(_link(overlap, index, assessment, said) for index, overlap in enumerate(ordered, 1))


def weight_map(assessment: Assessment, lang: str) -> WeightMap:
    """Return the map: every shared value with its weight before discounts, what each step takes, and what is left.

    A heading over the values of a unit says how many are shared, how many chance gives, and what that amounts to.
    """
    texts = catalogue(lang)
    parts = [each for each in assessment.overlaps if each.shared and each.unit != ALL_UNITS]
    several = len({(each.a, each.b) for each in parts}) > 1
    dealt = _dealt([len(each.shared) for each in parts], MAP_ROWS)
    taken = [_weightiest(each)[:most] for each, most in zip(parts, dealt, strict=True)]
    columns = [name for name in (*_STEPS, _OTHER) if any(_step(each, name) for values in taken for each in values)]
    rows: list[link_charts.MapRow] = []
    for overlap, values in zip(parts, taken, strict=True):
        if values:
            rows.append(link_charts.MapRow(_heading(overlap, lang, named=several)))
        rows += [link_charts.MapRow(isolated(each.value), _cells(each, columns)) for each in values]
    if not rows:
        return WeightMap(Markup(""), "")
    heads = [texts.text(f"links.map-{name}") for name in ("before", *columns, "after")]
    frame = svg.Frame("map", texts.text("chart.map-title"), texts.text("chart.map-description"), lang)
    drawn, total = sum(map(len, taken)), sum(each.shared_total for each in parts)
    cut = texts.text("overlap.map-cut", shown=count(drawn, lang), total=count(total, lang)) if total > drawn else ""
    return WeightMap(link_charts.weight_map(rows, heads, frame), cut)


def _weightiest(overlap: PairOverlap) -> list[SharedObservable]:
    """Return the shared values in the order of the table, of which graph and map show the first."""
    return sorted(overlap.shared, key=lambda each: (-each.decibans, each.type, each.value))


def _dealt(sizes: Sequence[int], rows: int) -> list[int]:
    """Deal ``rows`` out to groups of ``sizes``, one each in turn: a large group does not crowd out a small one."""
    dealt = [0] * len(sizes)
    while rows and any(given < size for given, size in zip(dealt, sizes, strict=True)):
        for index, size in enumerate(sizes):
            if rows and dealt[index] < size:
                dealt[index] += 1
                rows -= 1
    return dealt


def _cells(each: SharedObservable, columns: Sequence[str]) -> tuple[float | None, ...]:
    return (_before(each), *(_step(each, name) for name in columns), each.decibans)


def _heading(overlap: PairOverlap, lang: str, *, named: bool) -> str:
    texts, said = catalogue(lang), figures(overlap, lang)
    what = texts.text(
        "links.map-unit-lists" if of_public_lists(overlap) else "links.map-unit",
        unit=texts.coded("observable", overlap.unit),
        known=count(overlap.shared_total, lang),
        observed=said.shared,
        expected=said.expected,
        verdict=texts.text(f"overlap.called-{_CALLED[verdict(overlap, OverlapSettings())]}"),
    )
    return texts.text("links.map-pair", a=isolated(overlap.a), b=isolated(overlap.b), what=what) if named else what


def _before(each: SharedObservable) -> float:
    """Return the tabled weight of a shared value, before all discounts; its weight where no steps are known."""
    return round(sum(part.decibans for part in each.parts if part.name == _BEFORE), 2) if each.parts else each.decibans


def _step(each: SharedObservable, column: str) -> float | None:
    """Return what the steps of a column took from a value or gave it; ``None`` where it has none of them."""
    known = {_BEFORE, *(name for names_ in _STEPS.values() for name in names_)}
    wanted = _STEPS.get(column)
    steps = [
        part.decibans for part in each.parts if (part.name in wanted if wanted is not None else part.name not in known)
    ]
    total = round(sum(steps), 2) + 0.0
    return total or None


def _weight(overlap: PairOverlap, texts: Catalogue) -> str:
    """Return what all shared values say together, by family; empty where that was not added up."""
    if not overlap.families:
        return ""
    families = [
        texts.number(
            "links.family",
            each.values,
            family=texts.coded("family", each.family),
            weight=decibans(each.decibans, texts.lang),
        )
        for each in overlap.families
    ]
    return texts.text("links.together", weight=decibans(overlap.weight, texts.lang), families=texts.listed(families))


def _link(overlap: PairOverlap, index: int, assessment: Assessment, said: Names) -> LinkPart:
    lang = said.lang
    texts = catalogue(lang)
    one, other = isolated(overlap.a), isolated(overlap.b)
    apart = {(each.a, each.b) for each in assessment.overlaps if each.unit != ALL_UNITS and each.shared}
    summed = overlap.unit == ALL_UNITS and (overlap.a, overlap.b) in apart
    shared = () if summed else tuple(_weightiest(overlap)[:SHARED_ROWS])
    drawn = shared[: link_charts.GRAPH_MARKS]
    frame = svg.Frame(
        f"graph-{index}",
        texts.text("chart.graph-title", a=one, b=other),
        texts.number("chart.graph-description", len(drawn)),
        lang,
    )
    called = _CALLED[verdict(overlap, OverlapSettings())]
    marks = [link_charts.SharedMark(isolated(each.value), each.decibans, _before(each)) for each in drawn]
    return LinkPart(
        caption=texts.text("links.caption", a=one, b=other, unit=texts.coded("observable", overlap.unit)),
        sentence=sentences.overlap_sentence(overlap, lang),
        notes=tuple(_notes(overlap, called, len(shared), texts)),
        rows=tuple(_shared(each, said) for each in shared),
        empty=texts.text("links.summed" if summed else "overlap.counts-only" if overlap.observed else "links.empty"),
        chart=link_charts.link_graph(one, other, marks, called, frame) if marks else Markup(""),
        chart_note=texts.text(f"overlap.drawn-{called}"),
        firsts=texts.text("links.firsts", a=one, b=other),
    )


def _notes(overlap: PairOverlap, called: str, listed: int, texts: Catalogue) -> Iterator[str]:
    """Yield what is said under the count: the correction, what it amounts to, origins, population, weight, cuts.

    ``listed`` is how many values the table below has.
    """
    lang = texts.lang
    yield texts.number("overlap.tested", overlap.pairs_tested, q=p_value(overlap.q_value, lang))
    yield texts.text(f"overlap.verdict-{called}")
    if overlap.origins:
        yield texts.number("overlap.origins", overlap.origins)
    if overlap.population:
        yield texts.text("overlap.population", population=sentences.population_text(overlap.population, lang))
    if weight := _weight(overlap, texts):
        yield weight
    if listed and of_public_lists(overlap):
        yield texts.number("overlap.other-count", overlap.shared_total)
    elif listed and overlap.shared_total > overlap.observed:
        yield texts.number("overlap.untested", overlap.shared_total - overlap.observed)
    total = count(overlap.shared_total, lang)
    if listed and overlap.shared_total > listed:
        yield texts.text("overlap.shown", shown=count(listed, lang), total=total)
    if listed > link_charts.GRAPH_MARKS:
        yield texts.text("overlap.graph-cut", shown=count(link_charts.GRAPH_MARKS, lang), total=count(listed, lang))


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
        listed=list_words(each.discount, lang) if each.discount else texts.text("links.not-listed"),
        gap=gap,
        firsts=texts.text("list.between").join(firsts),
        reports=", ".join(isolated(said.row(source)) for source in each.sources),
        parts=part_rows(each.parts, said),
    )
