"""Other ways to say whose indicators these are, on the same reports and with the same earlier reports in sight.

- ``noisy-OR``: 1 - Π(1 - w) over what is shared, with a fixed w for each kind of value, as threat intelligence
  platforms infer relations; its numbers are ours and not learnt;
- ``weighted Jaccard``: rarity of what is shared over rarity of what either has;
- ``TF-IDF cosine``: report against the sum of a group's reports;
- ``Naive Bayes``: multinomial over shared values, prior by number of reports;
- ``ACH``: inconsistencies counted as in Heuer's matrix (1999, chapter 8): a value that somebody else is known to use
  and this group is not; fewest wins, ties to the group with more reports;
- ``sum of weights``: Bayes with the measured weights of evidence of attribution.md C5, each as if independent, and 0.3
  for an unknown actor;
- ``rarity vote``: inverse document frequency of what is shared, as in attribution.md C4.

Values are compared as in the product (``attribution.traces``). Rarity is that of the learning part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consilience.attribution.profiles import KnownReport
from consilience.attribution.traces import (
    ADDRESS,
    ARTEFACT,
    DOMAIN,
    LABEL,
    NETWORK,
    ON_LIST,
    PATH,
    Indicators,
    Unit,
)
from consilience.knowledge.infrastructure import HOST

FloatArray = NDArray[np.float64]

FIXED: Final[Mapping[str, float]] = {
    ADDRESS: 0.8,
    HOST: 0.8,
    PATH: 0.8,
    ARTEFACT: 0.8,
    DOMAIN: 0.6,
    NETWORK: 0.3,
    LABEL: 0.3,
}
ON_LIST_FIXED: Final = 0.1

MEASURED: Final[Mapping[str, float]] = {
    ADDRESS: 2.30,
    ARTEFACT: 2.30,
    PATH: 1.99,
    HOST: 1.93,
    HOST + ON_LIST: 1.93,
    DOMAIN: 1.71,
    NETWORK: 1.49,
    LABEL: 1.25,
}
"""log10 LR, pooled, reports before 2023 (attribution.md C5); a name or network on a list counts as dynamic DNS."""
MEASURED_ON_LIST: Final = 0.12
PRIOR_UNKNOWN: Final = 0.3
SMOOTHING: Final = 0.01
"""Of Naive Bayes; the best of 1, 0.1 and 0.01 on 2022."""


class Guess(msgspec.Struct, frozen=True):
    """The group that comes first (its number), how sure (any scale), and the probability stated, NaN where none is."""

    leader: int
    score: float
    probability: float


class Seen:
    """What earlier reports show of each group; grows by :meth:`add`."""

    def __init__(self, groups: int, rarity: Mapping[Unit, float], unheard: float) -> None:
        self.holders: dict[Unit, dict[int, int]] = {}
        self.reports = np.zeros(groups)
        self.tokens = np.zeros(groups)
        self.rarities = np.zeros(groups)
        self.squares = np.zeros(groups)
        self._rarity = rarity
        self._unheard = unheard

    def add(self, group: int, units: Iterable[Unit]) -> None:
        """Take a report that has become visible."""
        self.reports[group] += 1
        for unit in units:
            held = self.holders.setdefault(unit, {})
            before = held.get(group, 0)
            held[group] = before + 1
            rarity = self.rarity(unit)
            self.tokens[group] += 1
            self.rarities[group] += rarity if not before else 0.0
            self.squares[group] += (2 * before + 1) * rarity**2

    def rarity(self, unit: Unit) -> float:
        """Return the inverse document frequency of a unit in the learning part, natural logarithm."""
        return self._rarity.get(unit, self._unheard)


Method = Callable[[Sequence[Unit], Indicators, Seen], tuple[FloatArray, bool]]
"""Returns a score for each group, and whether scores are log odds from which probabilities follow (nats)."""


def _shared(units: Iterable[Unit], seen: Seen, weight: Callable[[Unit, int], float]) -> FloatArray:
    out = np.zeros(seen.reports.size)
    for unit in units:
        for group, count in seen.holders.get(unit, {}).items():
            out[group] += weight(unit, count)
    return out


def _noisy_or(units: Sequence[Unit], _: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    def log_miss(unit: Unit, _: int) -> float:
        return math.log1p(-FIXED.get(unit[0], ON_LIST_FIXED))

    return 1.0 - np.exp(_shared(units, seen, log_miss)), False


def _jaccard(units: Sequence[Unit], _: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    both = _shared(units, seen, lambda unit, _: seen.rarity(unit))
    either = sum(map(seen.rarity, units)) + seen.rarities - both
    return both / np.maximum(either, 1e-12), False


def _cosine(units: Sequence[Unit], _: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    product = _shared(units, seen, lambda unit, count: count * seen.rarity(unit) ** 2)
    length = math.sqrt(sum(seen.rarity(unit) ** 2 for unit in units))
    return product / np.maximum(np.sqrt(seen.squares) * length, 1e-12), False


def _naive_bayes(units: Sequence[Unit], _: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    bonus = _shared(units, seen, lambda _, count: math.log((count + SMOOTHING) / SMOOTHING))
    base = math.log(SMOOTHING) - np.log(seen.tokens + SMOOTHING * max(1, len(seen.holders)))
    return bonus + len(units) * base + np.log(np.maximum(seen.reports, 1e-12)), True


def _inconsistencies(_: Sequence[Unit], report: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    against = np.zeros(seen.reports.size)
    for chain in report.chains:
        holders = {group for unit in chain for group in seen.holders.get(unit, {})}
        if holders:
            against += 1.0
            against[list(holders)] -= 1.0
    margin = against.max() - against
    return margin + seen.reports / (seen.reports.sum() + 1.0), False


def _sum_of_weights(_: Sequence[Unit], report: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    out = np.log(np.maximum(seen.reports, 1e-12) / max(1.0, seen.reports.sum()) * (1.0 - PRIOR_UNKNOWN))
    credited: set[tuple[Unit, int]] = set()
    for chain in report.chains:
        done: set[int] = set()
        for unit in chain:
            for group in seen.holders.get(unit, {}):
                if group not in done and (unit, group) not in credited:
                    out[group] += math.log(10.0) * MEASURED.get(unit[0], MEASURED_ON_LIST)
                    credited.add((unit, group))
                done.add(group)
    return out, True


def _vote(units: Sequence[Unit], _: Indicators, seen: Seen) -> tuple[FloatArray, bool]:
    return _shared(units, seen, lambda unit, _: seen.rarity(unit)), False


METHODS: Final[Mapping[str, Method]] = {
    "noisy-OR, fixed weights": _noisy_or,
    "weighted Jaccard, rarity": _jaccard,
    "TF-IDF cosine": _cosine,
    "Naive Bayes": _naive_bayes,
    "ACH, inconsistencies counted": _inconsistencies,
    "plain sum of C5 weights": _sum_of_weights,
    "rarity vote (C4)": _vote,
}
_STATES_ITS_SCORE: Final = frozenset({"noisy-OR, fixed weights"})


def guess(name: str, units: Sequence[Unit], report: Indicators, seen: Seen) -> Guess:
    """Return what a method says of a report. Groups without a report cannot come first; ties go to more reports."""
    scores, odds = METHODS[name](units, report, seen)
    scores = np.where(seen.reports > 0, scores, -np.inf)
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    leader = int(best[seen.reports[best].argmax()])
    top = float(scores[leader])
    if odds:
        prior = math.log(PRIOR_UNKNOWN) if METHODS[name] is _sum_of_weights else -math.inf
        top_p = 1.0 / (float(np.exp(scores - top).sum()) + math.exp(prior - top))
        return Guess(leader, top_p, top_p)
    return Guess(leader, top, top if name in _STATES_ITS_SCORE else math.nan)


def guesses(
    known: Sequence[KnownReport], groups: Sequence[str], asked: Sequence[tuple[Indicators, int]], learnt_before: int
) -> dict[str, list[Guess]]:
    """Return every method's answers to questions (indicators, day), in their order.

    ``known`` are the reports that may be seen, each from the day after its last; rarity counts those that were
    published before the day ``learnt_before``.
    """
    place = {group: at for at, group in enumerate(groups)}
    units = [units_of(each.indicators) for each in known]
    holders: dict[Unit, set[str]] = {}
    for each, own in zip(known, units, strict=True):
        if each.last < learnt_before:
            for unit in own:
                holders.setdefault(unit, set()).add(each.cluster)
    total = len({each.cluster for each in known if each.last < learnt_before})
    rarity = {unit: math.log((1 + total) / len(held)) for unit, held in holders.items()}
    seen = Seen(len(groups), rarity, math.log(1 + total))
    waiting = sorted(range(len(known)), key=lambda at: -known[at].last)
    out: dict[str, list[Guess]] = {name: [Guess(0, 0.0, math.nan)] * len(asked) for name in METHODS}
    for at in sorted(range(len(asked)), key=lambda at: asked[at][1]):
        report, day = asked[at]
        while waiting and known[waiting[-1]].last < day:
            number = waiting.pop()
            seen.add(place[known[number].cluster], units[number])
        own = units_of(report)
        for name in METHODS:
            out[name][at] = guess(name, own, report, seen)
    return out


def units_of(report: Indicators) -> tuple[Unit, ...]:
    """Return the units of all chains, each once."""
    return tuple(dict.fromkeys(unit for chain in report.chains for unit in chain))
