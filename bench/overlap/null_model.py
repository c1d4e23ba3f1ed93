"""Hold the null model against randomised graphs: are p-values uniform, and does planted shared hosting stay unnamed?

Usage: ``python bench/overlap/null_model.py [PATH] [--samples 1000] [--repeats 200]``, with PATH an archive or a folder
of lists in Maltrail's form (default: those in ``shared/data``).

*Uniform.* The clusters of the lists and the values that two or more hold are drawn anew, every degree kept (curveball:
Strona, Nappo, Boccacci, Fattorini and San-Miguel-Ayanz, Nat. Commun. 5 (2014) 4114). A count is a whole number, so that
its p-value cannot be uniform: P(p <= a) <= a is all that can be asked of it, and the rows ``reported`` ask it. For the
Kolmogorov-Smirnov test the p-value is randomised between P(as many or more) and P(more), which is uniform where the
model is right. From every drawing one pair is taken, so that what is tested is independent; most pairs are expected to
share nothing, which no model can get wrong, so the test is also made among pairs that are expected to share a tenth of
a value, and one value, or more. D is given over all pairs and drawings as well.

``both sides fixed`` is what the distance comes from: the model keeps the size of a cluster on average only. It is the
same test with the mean of Deville and Tillé (2005) for fixed columns and the variance that is left once the sizes of
the two clusters are fixed too.

*False discoveries.* The same drawings, with popular hosting planted that no list knows (values held by 5 to 40
clusters, larger clusters more often) and 40 true pairs with 6 values of their own each. ``compare`` of the product
tests all pairs at ``fdr`` 0.05; the false discovery proportion is the share of declared pairs that were not planted.
The last row plants the same hosting among 20 clusters only: they do share more than chance gives, for another reason
than being linked, and no test of chance can tell.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from maltrail_units import PACKED, codes, outermost, read_lists, with_lists, without_lists

from consilience.inference.null_model import DegreeModel, count_tail, fit_bicm, joint_probability
from consilience.overlap.pairs import ALL_UNITS, COLUMNS, OverlapSettings, compare
from processes import Row

SEED: Final = 20260103
LEVELS: Final = (0.05, 0.01, 0.001)
EXPECTED: Final = (0.0, 0.1, 1.0)
"""The classes of pairs: all, and those expected to share so many values or more."""

HOSTS: Final = 40
"""Planted values of shared hosting."""

TRUE_PAIRS: Final = 40
TRUE_VALUES: Final = 6

_MOST: Final = 48
"""The largest count that the table of tails holds; larger ones share its last entry."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def incidence(table: pa.Table) -> BoolArray:
    """Return clusters x values of the combined unit, without values of one holder."""
    own = table.filter(pa.array(outermost(table)))
    cluster, names = codes(own["cluster"])
    unit, values = codes(own["unit_type"], own["unit_value"])
    held = np.zeros((len(names), len(values)), dtype=np.bool_)
    held[cluster, unit] = True
    return np.asarray(held[:, held.sum(axis=0) >= 2], dtype=np.bool_)


def drawings(held: BoolArray, number: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Yield random graphs with the degrees of ``held``, five trades a row apart, after a hundred a row at first."""
    rows = [set(np.flatnonzero(row).tolist()) for row in held]
    active = [index for index, row in enumerate(rows) if row]
    _trade(rows, active, 100 * len(active), rng)
    for _ in range(number):
        _trade(rows, active, 5 * len(active), rng)
        drawn = np.zeros(held.shape)
        for index in active:
            drawn[index, list(rows[index])] = 1.0
        yield drawn


def _trade(rows: list[set[int]], active: list[int], trades: int, rng: np.random.Generator) -> None:
    """Let two random rows at a time deal anew, at random, what only one of them holds."""
    first, second = rng.integers(len(active), size=trades), rng.integers(len(active) - 1, size=trades)
    for one, other in zip(first.tolist(), (second + (second >= first)).tolist(), strict=True):
        a, b = rows[active[one]], rows[active[other]]
        own, theirs = a - b, b - a
        if own and theirs:
            pool = rng.permutation(sorted(own | theirs)).tolist()
            common = a & b
            rows[active[one]], rows[active[other]] = common | {*pool[: len(own)]}, common | {*pool[len(own) :]}


class Tails(msgspec.Struct, frozen=True, eq=False):
    """What a model says of pairs: ``mean`` and ``variance`` of the count (pairs,), and P(n or more) by kind of pair.

    ``table`` (kinds, n) goes from n = 0 to ``_MOST`` + 1.
    """

    kind: IntArray
    mean: FloatArray
    variance: FloatArray
    table: FloatArray

    def of(self, count: IntArray, more: int, pairs: IntArray | slice = slice(None)) -> FloatArray:
        """Return P(``count`` + ``more`` or more) of ``pairs``."""
        return np.asarray(self.table[self.kind[pairs], np.minimum(count, _MOST) + more], dtype=np.float64)


def tails(model: DegreeModel, first: IntArray, second: IntArray, *, both_fixed: bool = False) -> Tails:
    """Return the tails of all pairs under the model, or under that with both sides fixed."""
    classes = int(model.row_class.max()) + 1
    pair = model.row_class[first] * classes + model.row_class[second]
    kinds, example, kind = np.unique(pair, return_index=True, return_inverse=True)
    a, b = first[example], second[example]
    if both_fixed:
        joint, number = conditioned(model, a, b)
        table = _added_up(joint, number)
    else:
        joint = joint_probability(model, a, b)
        number = np.broadcast_to(model.multiplicity, joint.shape)
        columns = [count_tail(joint, model.multiplicity, np.full(kinds.size, n)) for n in range(_MOST + 2)]
        table = np.stack(columns, axis=1)
    mean, variance = (joint * number).sum(axis=1), (joint * (1.0 - joint) * number).sum(axis=1)
    return Tails(kind, mean[kind], variance[kind], table)


def _added_up(joint: FloatArray, number: IntArray) -> FloatArray:
    """Return P(n or more), n = 0 .. ``_MOST`` + 1, of sums of binomials whose numbers differ from pair to pair."""
    factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, number.max() + _MOST + 3)))))
    counts = np.arange(_MOST + 2)
    mass = np.zeros((joint.shape[0], _MOST + 2))
    mass[:, 0] = 1.0
    for chance, trials in zip(joint.T, number.T, strict=True):
        q = np.clip(chance, 1e-300, 1.0 - 1e-15)[:, None]
        failures = np.maximum(trials[:, None] - counts, 0)
        choose = factorial[trials][:, None] - factorial[counts] - factorial[failures]
        binomial = np.where(counts <= trials[:, None], np.exp(choose + counts * np.log(q) + failures * np.log1p(-q)), 0)
        mass = sum(
            (np.pad(mass[:, : counts.size - n], ((0, 0), (n, 0))) * binomial[:, n : n + 1] for n in counts.tolist()),
            start=np.zeros_like(mass),
        )
    below = np.concatenate((np.zeros((joint.shape[0], 1)), np.cumsum(mass, axis=1)[:, :-1]), axis=1)
    return np.maximum(1.0 - below, 0.0)


def conditioned(model: DegreeModel, first: IntArray, second: IntArray) -> tuple[FloatArray, IntArray]:
    """Return chances and numbers of columns, both (pairs, classes), with the rows of the pair fixed as well.

    The chance that both hold a column is ``p q - c c' / sum c`` with ``c - c²/sum c = p(1-p)`` (Deville and Tillé,
    "Variance approximation under balanced sampling", J. Stat. Plan. Inference 128 (2005) 569-591), which keeps what a
    row shares in all. Fixing the two sizes takes the part of the count's variance that they explain (linear
    regression); the chances are raised and the columns thinned until that variance is left.
    """
    c, total = _deville_tille(model)
    rows_a, rows_b = model.row_class[first], model.row_class[second]
    p, q = model.probability[rows_a], model.probability[rows_b]
    joint = np.maximum(p * q - c[rows_a] * c[rows_b] / total, 0.0)
    number = model.multiplicity
    spread_a, spread_b, together = (p * (1 - p)) @ number, (q * (1 - q)) @ number, (joint - p * q) @ number
    with_a, with_b = (joint * (1 - p)) @ number, (joint * (1 - q)) @ number
    determinant = np.maximum(spread_a * spread_b - together**2, 1e-12)
    explained = with_a**2 * spread_b - 2.0 * with_a * with_b * together + with_b**2 * spread_a
    left = np.maximum((joint * (1.0 - joint)) @ number - explained / determinant, 0.0)
    low, high = np.ones(first.size), np.full(first.size, 64.0)
    for _ in range(40):
        factor = 0.5 * (low + high)
        fewer = _thinned(joint, number, factor)
        variance = (joint * number * (1.0 - joint * number / fewer)).sum(axis=1)
        low, high = np.where(variance > left, factor, low), np.where(variance > left, high, factor)
    fewer = _thinned(joint, number, low)
    return joint * number / fewer, fewer


def _thinned(joint: FloatArray, number: IntArray, factor: FloatArray) -> IntArray:
    """Return the numbers of columns divided by ``factor``, rounded up, and never fewer than the mean needs."""
    wanted = np.ceil(np.maximum(number / factor[:, None], joint * number) - 1e-9)
    return np.maximum(wanted, 1.0).astype(np.int64)


def _deville_tille(model: DegreeModel) -> tuple[FloatArray, FloatArray]:
    alone = model.probability * (1.0 - model.probability)
    rows = np.bincount(model.row_class)[:, None]
    c = alone.copy()
    for _ in range(1000):
        total = np.maximum((rows * c).sum(axis=0), 1e-300)
        following = alone + c * c / total
        change = float(np.abs(following - c).max())
        c = following
        if change < 1e-12:
            break
    return c, np.maximum((rows * c).sum(axis=0), 1e-300)


def kolmogorov_smirnov(values: FloatArray) -> tuple[float, float]:
    """Return D against the uniform distribution and its p-value (Stephens 1970) for independent values."""
    ordered = np.sort(values)
    steps = np.arange(values.size + 1) / values.size
    distance = max(float((steps[1:] - ordered).max()), float((ordered - steps[:-1]).max()))
    root = math.sqrt(values.size)
    scaled = (root + 0.12 + 0.11 / root) * distance
    terms = (2.0 * (-1) ** (k - 1) * math.exp(-2.0 * (k * scaled) ** 2) for k in range(1, 101))
    return distance, min(max(math.fsum(terms), 0.0), 1.0) if scaled > 0.2 else 1.0


def uniformity(held: BoolArray, samples: int, label: str) -> list[Row]:
    """Return how far p-values of drawn graphs are from uniform, by class of pairs and by model."""
    rng = np.random.default_rng(SEED)
    first, second = np.triu_indices(held.shape[0], 1)
    model = fit_bicm(held.sum(axis=1), held.sum(axis=0))
    models = {"": tails(model, first, second), ", both sides fixed": tails(model, first, second, both_fixed=True)}
    classes = {least: np.flatnonzero(models[""].mean >= least) for least in EXPECTED}
    single: dict[tuple[str, float], list[float]] = {(name, least): [] for name in models for least in classes}
    histogram = {key: np.zeros(2000, dtype=np.int64) for key in single}
    reported = {key: np.zeros(len(LEVELS)) for key in single}
    total, squares = np.zeros(first.size), np.zeros(first.size)
    for drawn in drawings(held, samples, rng):
        count = (drawn @ drawn.T)[first, second].astype(np.int64)
        between = rng.random(count.size)
        total += count
        squares += count.astype(np.float64) ** 2
        for least, pairs in classes.items():
            picked = int(rng.integers(pairs.size))
            for name, each in models.items():
                upper, lower = each.of(count[pairs], 0, pairs), each.of(count[pairs], 1, pairs)
                p = lower + between[pairs] * (upper - lower)
                single[name, least].append(float(p[picked]))
                histogram[name, least] += np.bincount(np.minimum((p * 2000).astype(np.int64), 1999), minlength=2000)
                reported[name, least] += [(upper <= level).sum() for level in LEVELS]
    spread = (squares - total**2 / samples) / max(samples - 1, 1)
    rows = []
    for (name, least), values in single.items():
        own, pairs = classes[least], classes[least].size
        distance, chance = kolmogorov_smirnov(np.array(values))
        steps = np.cumsum(histogram[name, least]) / histogram[name, least].sum()
        overall = float(np.abs(steps - np.arange(1, 2001) / 2000).max())
        shares = "/".join(f"{share:.4f}" for share in reported[name, least] / (pairs * samples))
        small = "/".join(f"{steps[round(level * 2000) - 1]:.4f}" for level in LEVELS)
        mean = (total[own] / samples).sum() / models[name].mean[own].sum()
        variance = spread[own].sum() / models[name].variance[own].sum()
        which = f"{pairs} pairs expected to share {least:g} or more" if least else f"all {pairs} pairs"
        rows.append(
            Row(
                f"Under the null, {label}, {which}{name}: KS D (p) of {samples} independent randomised p; D over all",
                f"{distance:.3f} ({chance:.2g}); {overall:.4f}",
                "p > 0.05" if not name else "",
                chance > 0.05 if not name else None,
            )
        )
        rows.append(
            Row(
                "the same: P(p <= .05/.01/.001), reported; randomised; drawn mean and variance over the model's",
                f"{shares}; {small}; {mean:.3f}, {variance:.3f}",
                "reported at most nominal" if not name else "",
                bool((reported[name, least] / (pairs * samples) <= LEVELS).all()) if not name else None,
            )
        )
    return rows


def false_discoveries(held: BoolArray, repeats: int, *, scene: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return for each repeat the false discovery proportion and the share of true pairs that were declared.

    With ``scene`` the planted hosting is rented by so many clusters, always the same, and by nobody else.
    """
    rng = np.random.default_rng(SEED + 1)
    settings = OverlapSettings(explained=0)
    proportions, powers = [], []
    size = held.sum(axis=1)
    for drawn in drawings(held, repeats, rng):
        clusters = drawn.shape[0]
        tenants = rng.choice(clusters, scene, replace=False) if scene else np.arange(clusters)
        appeal = (size[tenants] + 1.0) / (size[tenants] + 1.0).sum()
        columns = [np.flatnonzero(column) for column in drawn.T]
        for _ in range(HOSTS):
            popularity = min(int(rng.integers(5, 41)), tenants.size)
            columns.append(np.sort(rng.choice(tenants, popularity, replace=False, p=appeal)))
        pairs = {tuple(sorted(rng.choice(clusters, 2, replace=False).tolist())) for _ in range(TRUE_PAIRS)}
        columns += [np.array(pair) for pair in sorted(pairs) for _ in range(TRUE_VALUES)]
        declared = {
            (int(pair.a), int(pair.b))
            for pair in compare(_table(columns, clusters), settings)
            if pair.unit == ALL_UNITS and pair.q_value <= settings.fdr
        }
        proportions.append(len(declared - pairs) / max(len(declared), 1))
        powers.append(len(declared & pairs) / len(pairs))
    return np.array(proportions), np.array(powers)


def _table(columns: list[IntArray], clusters: int) -> pa.Table:
    """Return the graph as a table for ``compare``; every cluster has a value of its own, as it would have."""
    holder = np.concatenate([*columns, np.arange(clusters)])
    value = np.concatenate([np.repeat(np.arange(len(columns)), [each.size for each in columns]), np.arange(clusters)])
    own = np.arange(holder.size) >= holder.size - clusters
    texts = pa.array([f"own-{v}" if mine else f"v-{v}" for v, mine in zip(value.tolist(), own.tolist(), strict=True)])
    empty = pa.repeat("", holder.size)
    given = {
        "cluster": pa.array([f"{each:04}" for each in holder.tolist()]),
        "unit_type": pa.repeat("domain-name", holder.size),
        "unit_value": texts,
        "type": pa.repeat("domain-name", holder.size),
        "value": texts,
        "source": pa.repeat("drawn", holder.size),
    }
    return pa.table({name: given.get(name, empty) for name in COLUMNS})


def run(path: Path | None = None, samples: int = 1000, repeats: int = 200) -> list[Row]:
    """Return the figures as rows of docs/benchmarks.md."""
    path = path or PACKED
    if not path.exists():
        return [Row("Null model on real lists", "not measured: shared/data/maltrail is not there", "", None)]
    lists = read_lists(path)
    held = incidence(with_lists(lists))
    rows = uniformity(held, samples, "with lists")
    rows += uniformity(incidence(without_lists(lists)), samples, "without lists")
    for scene, label in ((0, "rented by random clusters"), (20, "rented by the same 20 clusters")):
        proportion, power = false_discoveries(held, repeats, scene=scene)
        error = 1.96 * float(proportion.std(ddof=1)) / math.sqrt(repeats)
        mean = float(proportion.mean())
        rows.append(
            Row(
                f"{HOSTS} values of unlisted hosting, {label}: realised FDR [95 %]; planted pairs found",
                f"{mean:.3f} [{max(mean - error, 0.0):.3f}, {mean + error:.3f}]; {float(power.mean()):.2f}",
                "at most 0.05" if not scene else "",
                mean - error <= 0.05 if not scene else None,
            )
        )
    return rows


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, default=PACKED, help="an archive or folder of lists")
    parser.add_argument("--samples", type=int, default=1000, help="drawings for the test of uniformity")
    parser.add_argument("--repeats", type=int, default=200, help="drawings with planted hosting")
    arguments = parser.parse_args()
    for row in run(arguments.path, arguments.samples, arguments.repeats):
        goal = f"  (goal: {row.goal}; {'met' if row.met else 'MISSED'})" if row.goal else ""
        print(f"{row.what}: {row.figure}{goal}")


if __name__ == "__main__":
    main()
