"""Reports that repeat one another: they are one observation, however many sources pass it on.

A report is taken to repeat another by the first of these rules that fits (thresholds in :class:`CopyRules`):

==============  =======================================================================================================
``reference``   it names the other as its reference, and both give the value
``same-list``   nearly all that either gives, the other gives too (Jaccard coefficient)
``contained``   nearly all that the shorter one gives, the longer one gives too, and that is more than a few values
``same-order``  they share half of the shorter one, in the same order, which is not the order of the alphabet
==============  =======================================================================================================

The method is that of detecting dependence between sources by what they share (Dong, Berti-Equille & Srivastava, VLDB
2009), reduced to rules that can be read: copies are told by content and order, not by a fitted copy rate.

Which of the two is the origin: the one that surely appeared first (``reported``), or the one that is named. Where
neither is known, neither is called the copy (``Derivation.sure`` is false); they still count once. A copy counts for
what it repeats only: a value that the other does not give is its own observation.

Work grows with the rows, never with the square of a report or of a value's holders: each report is compared with the
:data:`_FIRST_HOLDERS` first of the reports that give a value, which is where an origin must be.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consilience.model.dates import PartialDate, earliest, latest, parse_date
from consilience.overlap.incidence import IntArray, codes_of, first_rows, held_by_two
from consilience.overlap.report_keys import key_of

_FIRST_HOLDERS: Final = 8
_DIGITS: Final = re.compile("[0-9]+")

_Value = tuple[str, str]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CopyRules(msgspec.Struct, frozen=True, kw_only=True):
    """From where on two reports are taken to repeat one another; decision 0015 says on what this was tuned."""

    same_list: float = 0.8
    same_list_values: int = 3
    contained: float = 0.8
    contained_values: int = 5
    same_order: float = 0.8
    same_order_part: float = 0.5
    same_order_values: int = 4


class Derivation(msgspec.Struct, frozen=True, kw_only=True):
    """``report`` repeats ``repeats``, by ``rule``: ``shared`` of its ``values`` values are among ``others`` there.

    ``order`` is the part of the shared values that stand in the same order in both. Where dates and references do not
    say which came first, ``sure`` is false, and the other way round is as likely.
    """

    report: str
    repeats: str
    rule: str
    shared: int
    values: int
    others: int
    order: float
    sure: bool


class Copies(msgspec.Struct, frozen=True, eq=False):
    """Which reports repeat which, and for which values.

    ``parents`` gives for a report those that it repeats with the values repeated, ``rank`` the place of each report in
    the order of appearance.
    """

    derivations: tuple[Derivation, ...] = ()
    parents: Mapping[str, tuple[tuple[str, frozenset[_Value]], ...]] = {}
    rank: Mapping[str, int] = {}

    def origin(self, report: str, type_: str, value: str) -> str:
        """Return the key of the first report from which ``report`` may have the value; its own where there is none.

        A copy of several reports that know nothing of one another counts under the first of them, and does not make
        them one.
        """
        if report not in self.parents:
            return report
        key, seen, waiting = (type_, value), {report}, [report]
        while waiting:
            for parent, values in self.parents.get(waiting.pop(), ()):
                if parent not in seen and key in values:
                    seen.add(parent)
                    waiting.append(parent)
        return min(seen, key=self.rank.__getitem__)


class _Reports(msgspec.Struct, frozen=True, eq=False):
    """Reports by the order of appearance, and the distinct (report, value) entries of values that two or more give.

    ``keys`` names each; ``begin`` and ``end`` bound its date in days since 1970, infinite where unknown; ``size``
    counts all its values. ``start`` (reports + 1,) cuts ``value``, sorted within a report, with ``place``, where it
    first stands in the report's list. ``texts`` gives type and value by code.
    """

    keys: list[str]
    begin: list[float]
    end: list[float]
    size: list[int]
    start: IntArray
    value: IntArray
    place: IntArray
    texts: list[_Value]


def find_copies(
    observations: pa.Table, references: Iterable[tuple[str, str]] = (), rules: CopyRules | None = None
) -> Copies:
    """Return which reports of a table repeat which.

    The columns read are ``source``, ``report``, ``reported``, ``type`` and ``value``; the rows of a report stand in the
    order of its list. ``references`` are pairs of report keys (:func:`overlap.report_keys.key_of`): the first names the
    second. A report that names a source whose rows name no report refers to these.
    """
    rules = rules or CopyRules()
    if not observations.num_rows:
        return Copies()
    code, texts = _listings(observations)
    keys = [key_of(source, report) for source, report in texts]
    told = _told(observations, code, len(keys))
    named = {*references, *_sources_named(texts)}
    reports = _by_appearance(observations, code, keys, told, named)
    at = {key: index for index, key in enumerate(reports.keys)}
    known = {(at[one], at[other]) for one, other in named if one in at and other in at and one != other}
    found = [
        derived
        for first, later in sorted({*_candidates(reports), *((min(pair), max(pair)) for pair in known)})
        if (derived := _derived(reports, first, later, bool({(first, later), (later, first)} & known), rules))
    ]
    return _copies(found, at, reports.texts)


def _listings(observations: pa.Table) -> tuple[IntArray, list[tuple[str, str]]]:
    """Return for each row the code of its (source, report), and these texts by code."""
    code = codes_of(observations["source"], observations["report"])
    return code, _rows_of(observations, ("source", "report"), first_rows(code))


def _rows_of(observations: pa.Table, names: tuple[str, str], rows: IntArray) -> list[tuple[str, str]]:
    taken = observations.select(list(names)).take(pa.array(rows))
    one, other = (pc.fill_null(column.cast(pa.string()), "").to_pylist() for column in taken.columns)
    return list(zip(one, other, strict=True))


def _told(observations: pa.Table, code: IntArray, listings: int) -> list[set[str]]:
    """Return for each listing the dates on which its rows say that it was reported."""
    both = codes_of(observations["source"], observations["report"], observations["reported"])
    rows = first_rows(both)
    texts = pc.fill_null(observations["reported"].take(pa.array(rows)).cast(pa.string()), "").to_pylist()
    dates: list[set[str]] = [set() for _ in range(listings)]
    for listing, text in zip(code[rows].tolist(), texts, strict=True):
        dates[listing].add(text)
    return dates


def _sources_named(texts: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    listings = tuple(texts)
    silent = {source.casefold(): source for source, report in listings if not report.strip()}
    for source, report in listings:
        origin = silent.get(report.strip().casefold())
        if origin is not None and origin != source:
            yield key_of(source, report), key_of(origin, "")


def _by_appearance(
    observations: pa.Table, code: IntArray, keys: list[str], told: list[set[str]], named: set[tuple[str, str]]
) -> _Reports:
    distinct = sorted(set(keys))
    place = {key: index for index, key in enumerate(distinct)}
    value = codes_of(observations["type"], observations["value"])
    values = int(value.max()) + 1
    report = np.array([place[key] for key in keys])[code]
    common = held_by_two(value, report)
    row_of = first_rows(value)
    sizes = np.bincount(report[row_of[~common]], minlength=len(distinct))
    rows = np.flatnonzero(common[value])
    entry, first = np.unique(report[rows] * values + value[rows], return_index=True)
    owner, held = entry // values, entry % values
    sizes += np.bincount(owner, minlength=len(distinct))
    span = [(math.inf, math.inf)] * len(distinct)
    for key, dates in zip(keys, told, strict=True):
        span[place[key]] = min(span[place[key]], _span(dates))
    order = _order(distinct, [begin for begin, _ in span], sizes.tolist(), named)
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct))
    codes, value_of = np.unique(held, return_inverse=True)
    by_rank = np.lexsort((value_of, rank[owner]))
    return _Reports(
        keys=[distinct[at] for at in order],
        begin=[span[at][0] for at in order],
        end=[span[at][1] for at in order],
        size=[int(sizes[at]) for at in order],
        start=np.searchsorted(rank[owner][by_rank], np.arange(len(distinct) + 1)).astype(np.int64),
        value=value_of[by_rank].astype(np.int64),
        place=first[by_rank].astype(np.int64),
        texts=_rows_of(observations, ("type", "value"), row_of[codes]),
    )


def _order(keys: list[str], begins: list[float], sizes: list[int], named: set[tuple[str, str]]) -> list[int]:
    """Return the reports in an order that no pair of dates contradicts; of undated ones the shorter list comes first.

    What a dated report names appeared no later than this one.
    """
    place = {key: index for index, key in enumerate(keys)}
    pairs = [(place[one], place[other]) for one, other in named if one in place and other in place]
    bound = list(begins)
    for one, other in pairs:
        if math.isinf(begins[other]):
            bound[other] = min(bound[other], begins[one])
    naming = {one for one, _ in pairs}
    return sorted(range(len(keys)), key=lambda at: (bound[at], at in naming, sizes[at], keys[at]))


def _span(dates: Iterable[str]) -> tuple[float, float]:
    """Return the bounds of the earliest of some partial dates in days since 1970; infinity where none can be read."""
    best = (math.inf, math.inf)
    for text in dates:
        try:
            date: PartialDate = parse_date(text)
        except ValueError:
            continue
        if date:
            best = min(best, (_days(earliest(date)), _days(latest(date))))
    return best


def _days(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds() / 86_400.0


def _candidates(reports: _Reports) -> Iterable[tuple[int, int]]:
    """Yield pairs of reports (first, later) that share two values or more, each value with its first holders only."""
    owner = np.repeat(np.arange(len(reports.keys), dtype=np.int64), np.diff(reports.start))
    order = np.argsort(reports.value, kind="stable")  # entries are sorted by rank, and so are the holders of a value
    value, holder = reports.value[order], owner[order]
    _, first, degree = np.unique(value, return_index=True, return_counts=True)
    begin = np.repeat(first, degree)
    within = np.arange(value.size) - begin
    shared = np.empty(0, np.int64)
    for nth in range(_FIRST_HOLDERS):
        after = np.flatnonzero(within > nth)
        shared = np.concatenate([shared, holder[begin[after] + nth] * len(reports.keys) + holder[after]])
    pair, count = np.unique(shared, return_counts=True)
    for each in pair[count >= 2].tolist():
        yield each // len(reports.keys), each % len(reports.keys)


def _derived(
    reports: _Reports, first: int, later: int, refers: bool, rules: CopyRules
) -> tuple[Derivation, IntArray] | None:
    """Return how ``later`` repeats ``first``, with the values, or ``None`` where no rule fits."""
    short, long = sorted((first, later), key=lambda at: (reports.size[at], at))
    mine = slice(int(reports.start[short]), int(reports.start[short + 1]))
    theirs = slice(int(reports.start[long]), int(reports.start[long + 1]))
    found = np.searchsorted(reports.value[theirs], reports.value[mine])
    found = np.minimum(found, theirs.stop - theirs.start - 1)
    same = np.flatnonzero(reports.value[theirs][found] == reports.value[mine])
    if not same.size:
        return None
    listed = same[np.argsort(reports.place[mine][same], kind="stable")]
    order = longest_rising(reports.place[theirs][found[listed]].tolist()) / same.size
    in_list = [reports.texts[each] for each in reports.value[mine][listed].tolist()]
    rule = "reference" if refers else _rule(in_list, reports.size[short], reports.size[long], order, rules)
    if not rule:
        return None
    derivation = Derivation(
        report=reports.keys[later],
        repeats=reports.keys[first],
        rule=rule,
        shared=int(same.size),
        values=reports.size[later],
        others=reports.size[first],
        order=round(order, 2),
        sure=refers or reports.end[first] < reports.begin[later] < math.inf,
    )
    return derivation, reports.value[mine][same]


def _rule(in_list: list[_Value], short: int, long: int, order: float, rules: CopyRules) -> str:
    shared = len(in_list)
    if shared >= rules.same_list_values and shared >= rules.same_list * (short + long - shared):
        return "same-list"
    if shared >= rules.contained_values and shared >= rules.contained * short:
        return "contained"
    half = shared >= rules.same_order_values and shared >= rules.same_order_part * short
    return "same-order" if half and order >= rules.same_order > _alphabetical(in_list) else ""


def _alphabetical(in_list: list[_Value]) -> float:
    """Return the part of a list that stands in the order of the alphabet or of its numbers: two sorted lists agree."""
    texts = [value for _, value in in_list]
    counted = [_DIGITS.sub(lambda digits: digits[0].zfill(12), text) for text in texts]
    return max(longest_rising(texts), longest_rising(counted)) / len(texts)


def longest_rising(items: Iterable[Any]) -> int:
    """Return the length of the longest strictly rising subsequence (Fredman 1975: a binary search for each item)."""
    tails: list[Any] = []
    for item in items:
        at = bisect_left(tails, item)
        tails[at : at + 1] = [item]
    return len(tails)


def _copies(found: list[tuple[Derivation, IntArray]], rank: dict[str, int], texts: list[_Value]) -> Copies:
    parents: dict[str, list[tuple[str, frozenset[_Value]]]] = {}
    for derivation, values in found:
        repeated = frozenset(texts[each] for each in values.tolist())
        parents.setdefault(derivation.report, []).append((derivation.repeats, repeated))
    named = {name for each, _ in found for name in (each.report, each.repeats)}
    return Copies(
        derivations=tuple(each for each, _ in found),
        parents={report: tuple(each) for report, each in parents.items()},
        rank={name: rank[name] for name in named},
    )
