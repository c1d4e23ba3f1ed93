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
``same-report``    one report, or reports that copy it (``overlap.copies``), give it to both sides: a copy, not a second
                   observation; nothing is left. ``origin`` names that report
=================  ====================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import SharedObservable, WeightPart
from consilience.model.dates import earliest, latest, parse_date
from consilience.overlap.report_keys import key_of

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

DATE_FLAGS: Final = ("unknown", "reported-only", "open", "contradictory", "future")
"""What ``SharedObservable.dates`` may say of a side, each as ``FLAG-a`` or ``FLAG-b``:

``unknown``        no use and no report on this side has a date
``reported-only``  no use has a date; the day of the report stands in for it
``open``           a use has one end only: it lasted for an unknown time, and only the end that is stated counts
``contradictory``  a date that is none, or a use that ends before it begins; that use is set aside
``future``         a use that begins or ends after the report that tells of it; that use is set aside
"""

OriginOf = Callable[[str, str, str], str]
"""From a report's key and a value's type and text to the key of the report that gave the value first."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400.0
_CLOCKS: Final = 1.0
"""Days by which a use may seem to come after its report: the two may be dated in different time zones."""


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


class Tenancy(msgspec.Struct, frozen=True):
    """When one cluster held a value, as far as its uses say.

    ``spans`` are disjoint intervals in days since 1970, in order: uses that touch are one tenancy. ``first`` and
    ``last`` are the earliest and latest dates behind them, as stated; ``last`` is empty where the latest use has no
    stated end. ``flags`` are of :data:`DATE_FLAGS`. Without a date that counts, ``spans`` is empty.
    """

    spans: tuple[tuple[float, float], ...]
    first: str
    last: str
    flags: tuple[str, ...]


class Explained(msgspec.Struct, frozen=True):
    """A shared value with the origins on each side that are not on both; ``copied`` where one side has none left.

    ``reports_a`` and ``reports_b`` are keys of reports, each the origin of those that copied the value from it;
    ``sources_a`` and ``sources_b`` are the sources of what is no copy on its side.
    """

    shared: SharedObservable
    reports_a: frozenset[str]
    reports_b: frozenset[str]
    copied: bool
    sources_a: frozenset[str] = frozenset()
    sources_b: frozenset[str] = frozenset()


def report_key(use: Use) -> str:
    """Return what names the report of a use (:func:`overlap.report_keys.key_of`)."""
    return key_of(use.source, use.report)


def own_origin(report: str, type_: str, value: str) -> str:
    """Return the report itself: no report is taken to be a copy of another."""
    del type_, value
    return report


def explain(
    unit: str,
    prevalence: int,
    uses_a: Sequence[Use],
    uses_b: Sequence[Use],
    *,
    value: str,
    degree_cut: int,
    origin: OriginOf = own_origin,
) -> Explained:
    """Weigh one shared value. ``prevalence`` is how many clusters hold it; each side has at least one use.

    ``origin`` is :meth:`overlap.copies.Copies.origin` where copies were looked for.
    """
    both = _stated(uses_a, origin) & _stated(uses_b, origin)
    own_a, own_b = first_hand(uses_a, origin), first_hand(uses_b, origin)
    reports_a, reports_b = own_a.keys() - both, own_b.keys() - both
    copied = not reports_a or not reports_b
    first_a, first_b = (_weighed(own, frozenset() if copied else both) for own in (own_a, own_b))
    listed = next((use.listed for use in (*uses_a, *uses_b) if use.listed), "")
    held_a, held_b = tenancy(first_a), tenancy(first_b)
    gap, known = smallest_gap(held_a, held_b)
    copied_from = min(both, default="") if copied else ""
    parts = _parts(unit, prevalence, listed, gap, known, hub=prevalence > degree_cut, copied_from=copied_from)
    shared = SharedObservable(
        type=unit,
        value=value,
        prevalence=prevalence,
        decibans=round(sum(part.decibans for part in parts), 2) + 0.0,
        parts=parts,
        discount=listed,
        gap_days=None if gap is None else round(gap, 2),
        first_a=held_a.first,
        first_b=held_b.first,
        last_a=held_a.last,
        last_b=held_b.last,
        dates=tuple(f"{flag}-{side}" for side, held in (("a", held_a), ("b", held_b)) for flag in held.flags),
        sources=tuple(sorted({use.source for use in (*uses_a, *uses_b) if use.source})),
        reports=tuple(sorted({use.report for use in (*uses_a, *uses_b) if use.report})),
    )
    said_a, said_b = (frozenset(use.source for use in uses if use.source) for uses in (first_a, first_b))
    return Explained(shared, frozenset(reports_a), frozenset(reports_b), copied, said_a, said_b)


def _stated(uses: Iterable[Use], origin: OriginOf) -> frozenset[str]:
    """Return the origins that are reports: what a source says without naming one is its own on either side."""
    named = ((use.report.strip(), key, origin(key, use.type, use.value)) for use in uses for key in (report_key(use),))
    return frozenset(first for report, key, first in named if report or first != key)


def first_hand(uses: Iterable[Use], origin: OriginOf) -> dict[str, list[Use]]:
    """Return the uses by origin, without those that repeat one that is told on the same side.

    A copy adds nothing: neither its day of publication nor the dates that its maker put in. Of several copies of one
    origin that is not told on this side, the first to appear stands for it.
    """
    told: dict[str, list[Use]] = {}
    copies: dict[str, list[Use]] = {}
    for use in uses:
        key = report_key(use)
        first = origin(key, use.type, use.value)
        (told if first == key else copies).setdefault(first, []).append(use)
    for first, repeats in copies.items():
        earliest_copy = report_key(min(repeats, key=lambda use: (use.reported or "~", report_key(use))))
        told.setdefault(first, [use for use in repeats if report_key(use) == earliest_copy])
    return told


def _weighed(own: Mapping[str, list[Use]], left_out: frozenset[str]) -> list[Use]:
    return [use for first, uses in own.items() if first not in left_out for use in uses]


def on_one_word(
    sources_a: Iterable[frozenset[str]],
    sources_b: Iterable[frozenset[str]],
    known_a: Collection[str],
    known_b: Collection[str],
) -> str:
    """Return the source on whose word alone one side of an overlap rests; empty where there is none.

    ``sources_a`` and ``sources_b`` give for each shared value who says that the side used it, ``known_a`` and
    ``known_b`` all sources that tell of the two clusters. A side rests on one word where only one source gives it any
    of these values, others know the cluster and do not, and that source says nothing of them on the other side: so a
    feed looks that plants a rival's addresses, and so does a first report that nobody has confirmed yet.
    """
    said_a, said_b = frozenset().union(*sources_a), frozenset().union(*sources_b)
    for said, other, known in ((said_a, said_b, known_a), (said_b, said_a, known_b)):
        if len(said) == 1 and not said & other and len({*known} - {""}) > 1:
            return next(iter(said))
    return ""


def _parts(
    unit: str, prevalence: int, listed: str, gap: float | None, dates: str, *, hub: bool, copied_from: str
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
    if copied_from:
        to("same-report", 0.0, {"origin": copied_from})
    return tuple(parts)


def smallest_gap(held_a: Tenancy, held_b: Tenancy) -> tuple[float | None, str]:
    """Return the smallest gap in days between a use on each side that the dates allow, and what is known of them.

    The second value is ``known``, ``unknown`` (a side has no date) or ``contradictory`` (a side has dates, but none
    that counts; see :data:`DATE_FLAGS`). A gap of 0 means that the uses may overlap.
    """
    if not held_a.spans or not held_b.spans:
        wrong = any(not held.spans and {"contradictory", "future"} & {*held.flags} for held in (held_a, held_b))
        return None, "contradictory" if wrong else "unknown"
    ends = {0: -math.inf, 1: -math.inf}
    best = math.inf
    both = [(*span, side) for side, held in enumerate((held_a, held_b)) for span in held.spans]
    for start, end, side in sorted(both):
        best = min(best, start - ends[1 - side])
        ends[side] = max(ends[side], end)
    return max(0.0, best), "known"


def tenancy(uses: Iterable[Use]) -> Tenancy:
    """Return when the cluster of these uses held the value.

    A partial date may mean any of its days. An end that is not stated stays open: the use counts for the end that is
    stated, never for today. The day of a report stands in only where no use on this side is dated, and is not taken
    where a use is dated but impossible.
    """
    dates = {(use.first, use.last, use.reported) for use in uses}
    stated = {each for each in dates if each[0] or each[1]}
    flags: set[str] = set()
    if not stated:
        stated = {(day, day, "") for _, _, day in dates if day}
        flags.add("reported-only" if stated else "unknown")
    spans: list[tuple[float, float]] = []
    firsts: list[str] = []
    lasts: list[str] = []
    open_ends: list[str] = []
    for first, last, reported in sorted(stated):
        begin, end = first or last, last or first
        span, wrong = _span(begin, end, reported)
        if span is None:
            flags.add(wrong)
            continue
        spans.append(span)
        firsts.append(begin)
        (lasts if last else open_ends).append(end)
        flags.update(() if first and last else ("open",))
    last_known = max(lasts, default="")
    return Tenancy(
        spans=_merged(spans),
        first=min(firsts, default=""),
        last="" if max(open_ends, default="") > last_known else last_known,
        flags=tuple(flag for flag in DATE_FLAGS if flag in flags),
    )


def _span(begin: str, end: str, reported: str) -> tuple[tuple[float, float] | None, str]:
    """Return a use as days since 1970, or ``None`` and why it cannot be: ``contradictory`` or ``future``."""
    try:
        span = _days(earliest(parse_date(begin))), _days(latest(parse_date(end)))
        begins_last = _days(earliest(parse_date(end)))
    except ValueError:
        return None, "contradictory"
    if span[0] > span[1]:
        return None, "contradictory"
    return (None, "future") if max(span[0], begins_last) > _told(reported) + _CLOCKS else (span, "")


def _told(reported: str) -> float:
    """Return the last moment at which the report may have appeared; infinity where that is not known."""
    try:
        return _days(latest(parse_date(reported)))
    except ValueError:
        return math.inf


def _merged(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _days(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds() / _DAY


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
