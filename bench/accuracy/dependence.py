"""Do two shared values of one family say more than one? Measured on Maltrail's reports before 2023.

Usage: python bench/accuracy/dependence.py [LISTS]

Each report is compared with every group that had an earlier report: how many of its values (chains, ``traces``: an
address and its network are one) does the group hold, by family? Values on a list of shared infrastructure are left
out, and so are reports with nearly the same values. Two figures:

- *weight by count*: 10·log10 of P(k shared | own group) / P(k shared | another group), pooled over reports, and what
  the further values add in parts of the first;
- *rho*: the k-th further value keeps rho^k of the first one's weight (``attribution.settings``), so that k values weigh
  w·(1 - rho^k)/(1 - rho). Of the rhos from 0 to 1 the one under which the reports' own groups are most likely, in a
  conditional logit with w and the logarithm of the group's number of reports; with all rhos whose log likelihood is
  less than 1.35 lower (90 % interval by the likelihood ratio). Large groups share more by chance: without the number
  of reports that would pass for weight.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import indicators
import splits
from learn_indicators import minimise

from consilience.attribution.settled import FAMILY_OF_KIND
from consilience.attribution.traces import ON_LIST
from processes import Row

FAMILIES: Final = ("addresses", "names", "paths")
START: Final = 0.25
GRID: Final = tuple(at / 20 for at in range(21))
WITHIN: Final = 1.353
"""Half the 90 % quantile of chi-squared with one degree of freedom (Wilks 1938)."""
BANDS: Final = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4 to 7": (4, 7), "8 or more": (8, 1 << 30)}

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Counts(msgspec.Struct, frozen=True):
    """N reports and G groups: shared values (N, G, families), log of earlier reports (N, G), who is there, the own."""

    shared: IntArray
    reports: FloatArray
    there: NDArray[np.bool_]
    own: IntArray


class RhoFit(msgspec.Struct, frozen=True):
    """The likeliest rho with its interval, and the weight of the first value in decibans at that rho."""

    rho: float
    low: float
    high: float
    decibans: tuple[float, ...]


def counts(lists: Path) -> Counts:
    """Return what the learning part's reports share with each group that had an earlier report, theirs among them."""
    found = indicators.material(lists, splits.LEARN_UNTIL, splits.TEST_UNTIL)
    profiles = found.profiles
    rows = []
    for question in found.learn:
        reports = profiles.activity(question.day, 1.0).reports
        if not reports[question.group]:
            continue
        copies = [at for at in profiles.copies_of(question.indicators) if profiles.day_of(at) < question.day]
        seen = profiles.without(copies) if copies else profiles
        shared = np.zeros((reports.size, len(FAMILIES)), dtype=np.int64)
        for one in seen.held(question.indicators.chains, question.day):
            family = FAMILY_OF_KIND[one.unit[0]]
            if family in FAMILIES and not one.unit[0].endswith(ON_LIST):
                shared[one.cluster, FAMILIES.index(family)] += 1
        rows.append((shared, np.log(np.maximum(reports, 1)), reports > 0, question.group))
    shared, logs, there, own = (np.array(column) for column in zip(*rows, strict=True))
    return Counts(shared, logs, there, own)


def weight_rows(found: Counts) -> Iterator[Row]:
    """Yield the weight of each number of shared values, by family."""
    others = found.there.copy()
    others[np.arange(found.own.size), found.own] = False
    for at, family in enumerate(FAMILIES):
        same = found.shared[np.arange(found.own.size), found.own, at]
        other = found.shared[:, :, at][others]
        first = 0.0
        for band, (least, most) in BANDS.items():
            hits, misses = (int(((each >= least) & (each <= most)).sum()) for each in (same, other))
            if not hits + misses:
                continue
            weight = 10.0 * math.log10((hits + 0.5) / (same.size + 1) / ((misses + 0.5) / (other.size + 1)))
            first = first or weight
            added = "" if band == "1" else f"; the further ones add {weight / first - 1.0:+.2f} of the first"
            yield Row(f"{family}, {band} shared", f"{weight:.1f} dB (own {hits}, other {misses}){added}", "", None)


def fitted(found: Counts, families: Sequence[str]) -> RhoFit:
    """Return the rho of some families together; each has a weight of its own."""
    places = [FAMILIES.index(family) for family in families]
    kept = found.shared[:, :, places].any(axis=(1, 2))
    part = Counts(found.shared[kept][:, :, places], found.reports[kept], found.there[kept], found.own[kept])
    losses, weights = zip(*(_loss_at(part, rho) for rho in GRID), strict=True)
    least = int(np.argmin(losses))
    inside = [rho for rho, loss in zip(GRID, losses, strict=True) if loss - losses[least] <= WITHIN]
    return RhoFit(GRID[least], min(inside), max(inside), tuple(10.0 / math.log(10.0) * w for w in weights[least][1:]))


def _loss_at(found: Counts, rho: float) -> tuple[float, FloatArray]:
    k = found.shared
    discounted = k.astype(np.float64) if rho == 1.0 else (1.0 - rho ** k.astype(np.float64)) / (1.0 - rho)
    if rho == 0.0:
        discounted = (k > 0).astype(np.float64)
    features = np.concatenate([found.reports[:, :, None], discounted], axis=2)
    rows = np.arange(found.own.size)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        scores = np.where(found.there, features @ weights, -np.inf)
        scores = scores - scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        value = -float(np.log(p[rows, found.own] + 1e-300).sum())
        p[rows, found.own] -= 1.0
        return value, np.einsum("ngf,ng->f", features, p)

    weights = minimise(loss, np.zeros(features.shape[2]))
    return loss(weights)[0], weights


def rho_rows(found: Counts) -> Iterator[Row]:
    """Yield rho by family and for all together, beside the value that the method starts from."""
    for families in (*((each,) for each in FAMILIES), FAMILIES):
        fit = fitted(found, families)
        weights = ", ".join(f"{each:.1f}" for each in fit.decibans)
        name = families[0] if len(families) == 1 else "all together"
        figure = f"{fit.rho:.2f} [{fit.low:.2f}, {fit.high:.2f}]; first value {weights} dB"
        inside = fit.low <= START <= fit.high
        yield Row(f"rho, {name}", figure, f"{START} inside the interval", inside)


def run(lists: Path = splits.PACKED) -> list[Row]:
    """Measure weights by count, then rho."""
    if not lists.exists():
        return [Row("dependence inside families", "not measured: shared/data/maltrail is not there", "", None)]
    found = counts(lists)
    return [*weight_rows(found), *rho_rows(found)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="?", type=Path, default=splits.PACKED, help="archive or folder of lists")
    for row in run(parser.parse_args().lists):
        met = "" if row.met is None else "  yes" if row.met else "  NO"
        print(f"{row.what}: {row.figure}  {row.goal}{met}")


if __name__ == "__main__":
    main()
