"""A value that two clusters share, looked at closely: what it is worth and why, and on how many reports it rests.

The weight of a shared value is made in steps, each kept as a part, so that the parts add up to the weight:

=================  ====================================================================================================
``table``          the tabled weight of its unit (``knowledge.evidence_weights``)
``listed``         the difference that standing on a list of shared infrastructure makes; ``list`` names it
``prevalence``     ``-10·log10 C(d,2)``: d clusters that hold it make C(d,2) pairs, and it can speak for each only so
                   much
``hub``            more clusters hold it than are tested: it says nothing of any two of them
``floor``          the steps so far would make sharing it speak against a link; it then says nothing
``planting-cap``   the most that the risk of planting leaves (``PlantClass.cap``)
``decay``          halved with every half-life between the two uses
``dates-unknown``  a date is missing or impossible (``dates`` says which): no decay, and no claim that the uses met
``same-report``    the same report gives it to both sides: a copy, not a second observation; nothing is left
=================  ====================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import SharedObservable, WeightPart
from consilience.model.dates import earliest, latest, parse_date

PARTS: Final = (
    "table",
    "listed",
    "prevalence",
    "hub",
    "floor",
    "planting-cap",
    "decay",
    "dates-unknown",
    "same-report",
)
"""The steps that ``WeightPart.name`` may name in a shared value, in their order."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400.0


class Use(msgspec.Struct, frozen=True):
    """One row: a report says that a cluster used the value. Dates are partial dates as text; empty is unknown."""

    source: str
    report: str
    first: str
    last: str
    reported: str
    listed: str
    type: str
    value: str


class Explained(msgspec.Struct, frozen=True):
    """A shared value with the reports on each side that are not on both; ``copied`` where one side has none left."""

    shared: SharedObservable
    reports_a: frozenset[str]
    reports_b: frozenset[str]
    copied: bool


def report_key(use: Use) -> str:
    """Return what names the report: its URL without scheme, ``www.``, fragment and closing slash, or its text.

    Rows of one source that name no report are taken to be one report, which can only lower the number of origins.
    """
    text = use.report.strip()
    if not text:
        return f"{use.source}: report not stated"
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    if parts.scheme not in {"http", "https"}:
        return text
    query = f"?{parts.query}" if parts.query else ""
    return parts.netloc.lower().removeprefix("www.") + parts.path.rstrip("/") + query


def explain(
    unit: str, prevalence: int, uses_a: Sequence[Use], uses_b: Sequence[Use], *, value: str, degree_cut: int
) -> Explained:
    """Weigh one shared value. ``prevalence`` is how many clusters hold it; each side has at least one use."""
    stated_a, stated_b = _stated(uses_a), _stated(uses_b)
    both = stated_a & stated_b
    reports_a, reports_b = _reports(uses_a) - both, _reports(uses_b) - both
    copied = not reports_a or not reports_b
    listed = next((use.listed for use in (*uses_a, *uses_b) if use.listed), "")
    gap, known = smallest_gap(uses_a, uses_b)
    parts = _parts(unit, prevalence, listed, gap, known, hub=prevalence > degree_cut, copied=copied)
    shared = SharedObservable(
        type=unit,
        value=value,
        prevalence=prevalence,
        decibans=round(sum(part.decibans for part in parts), 2) + 0.0,
        parts=parts,
        discount=listed,
        gap_days=None if gap is None else round(gap, 2),
        first_a=_first(uses_a),
        first_b=_first(uses_b),
        sources=tuple(sorted({use.source for use in (*uses_a, *uses_b) if use.source})),
        reports=tuple(sorted({use.report for use in (*uses_a, *uses_b) if use.report})),
    )
    return Explained(shared, reports_a, reports_b, copied)


def _reports(uses: Iterable[Use]) -> frozenset[str]:
    return frozenset(report_key(use) for use in uses)


def _stated(uses: Iterable[Use]) -> frozenset[str]:
    return frozenset(report_key(use) for use in uses if use.report.strip())


def _parts(
    unit: str, prevalence: int, listed: str, gap: float | None, dates: str, *, hub: bool, copied: bool
) -> tuple[WeightPart, ...]:
    row = WEIGHTS.trace[WEIGHTS.row_named(unit)]
    planted, half_life = WEIGHTS.plant[row.plant_as], WEIGHTS.days(row)
    parts = [WeightPart("table", row.value, {"unit": unit, "basis": row.basis})]
    total = row.value

    def to(name: str, target: float, params: dict[str, str]) -> None:
        nonlocal total
        step = round(target - total, 2) + 0.0
        parts.append(WeightPart(name, step, params))
        total = round(total + step, 2)

    if listed:
        to("listed", row.listed, {"list": listed})
    pairs = math.comb(prevalence, 2)
    if pairs > 1:
        to("prevalence", total - 10.0 * math.log10(pairs), {"clusters": str(prevalence)})
    if hub:
        to("hub", 0.0, {"clusters": str(prevalence)})
    if total < 0.0:
        to("floor", 0.0, {})
    if total > planted.cap:
        to("planting-cap", planted.cap, {"planted": f"{planted.value:g}"})
    if gap is None:
        to("dates-unknown", total, {"dates": dates})
    elif half_life:
        params = {"gap_days": f"{gap:g}", "half_life_days": f"{half_life:g}"}
        to("decay", total * 0.5 ** (gap / half_life), params)
    if copied:
        to("same-report", 0.0, {})
    return tuple(parts)


def smallest_gap(uses_a: Iterable[Use], uses_b: Iterable[Use]) -> tuple[float | None, str]:
    """Return the smallest gap in days between a use on each side that the dates allow, and what is known of them.

    The second value is ``known``, ``unknown`` (a side has no date) or ``contradictory`` (a side has dates, but they
    cannot be: a use that ends before it begins, or no date at all). A gap of 0 means that the uses may overlap.
    """
    spans_a, wrong_a = _spans(uses_a)
    spans_b, wrong_b = _spans(uses_b)
    if not spans_a or not spans_b:
        wrong = (wrong_a and not spans_a) or (wrong_b and not spans_b)
        return None, "contradictory" if wrong else "unknown"
    ends = {0: -math.inf, 1: -math.inf}
    best = math.inf
    for start, end, side in sorted([(*span, 0) for span in spans_a] + [(*span, 1) for span in spans_b]):
        best = min(best, start - ends[1 - side])
        ends[side] = max(ends[side], end)
    return max(0.0, best), "known"


def _spans(uses: Iterable[Use]) -> tuple[set[tuple[float, float]], bool]:
    """Return the uses' intervals in days since 1970, and whether a date was impossible.

    The date of a report stands in for the date of a use only where no report on this side gives one.
    """
    spans, wrong = set(), False
    dates = {(use.first or use.last, use.last or use.first) for use in uses} - {("", "")}
    for begin, end in dates or {(use.reported, use.reported) for use in uses if use.reported}:
        try:
            span = _days(earliest(parse_date(begin))), _days(latest(parse_date(end)))
        except ValueError:
            wrong = True
            continue
        if span[0] > span[1]:
            wrong = True
        else:
            spans.add(span)
    return spans, wrong


def _days(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds() / _DAY


def _first(uses: Iterable[Use]) -> str:
    return min((date for use in uses if (date := use.first or use.last or use.reported)), default="")


def independent_origins(explained: Iterable[Explained]) -> int:
    """Return on how many independent pairs of reports an overlap rests, counted from below.

    It is the number of shared values that can be chosen so that no two rest on the same report: as many reports at
    least would have to be wrong for the whole overlap to vanish (a matching is never larger than a cover of the
    links; König 1931 for the case where the two are equal). The choice is greedy, reports with the fewest values
    first, and so never too high. Values that one report gives to both sides count for one origin together, and only
    where nothing else is shared.
    """
    links: set[tuple[str, str]] = set()
    anything = False
    for each in explained:
        anything = True
        if not each.copied:
            links.update((min(a, b), max(a, b)) for a in each.reports_a for b in each.reports_b)
    busy: dict[str, int] = {}
    for a, b in links:
        busy[a] = busy.get(a, 0) + 1
        busy[b] = busy.get(b, 0) + 1
    used: set[str] = set()
    origins = 0
    for a, b in sorted(links, key=lambda link: (*sorted((busy[link[0]], busy[link[1]])), link)):
        if a not in used and b not in used:
            used.update((a, b))
            origins += 1
    return origins or int(anything)
