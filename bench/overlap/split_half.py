"""Recover split groups: deal the reports of each group into two halves and find the halves of one among all pairs.

Usage: ``python bench/overlap/split_half.py [PATH] [--repeats 10] [--seed 100] [--least 6] [--most 0]``, with PATH an
archive or a folder of lists in Maltrail's form (default: those in ``shared/data``).

Protocol: every group with at least ``--least`` reports (and at most ``--most``, where given) is dealt at random, report
by report, into two pseudo-groups, half and half; values that stand in no report are left out. The positives are the
pairs of halves of one group, the negatives all other pairs of halves but those of groups with a known relation (one
cluster of the knowledge base, a common alias or a stated relation). Lists that are no actor (:data:`NO_ACTOR`) are left
out. Average precision, precision at 50 and recall at 10 false pairs take ties at their expected place.

All methods see the same halves, once in the product's units and once in the units that they would have without any list
of shared infrastructure. Most work on the same graph: the combined unit ``all`` of the product, values of two holders
or more. ``reference`` is the best method found before (``1/C(d,2)``, BiCM, gamma tail); ``values`` is our score without
habits, ``ours`` is ``overlap.score`` as it stands. ``ours, as listed`` ranks only pairs that share a value, as
``consilience overlap`` does.

What was tuned on what: the habits and their weight were chosen on seeds 0 to 3 and the groups at even places of the
alphabet (:data:`TUNED`), with a look at all of them; seeds from 100 on, the groups at odd places and groups of 3 to 5
reports (``--least 3 --most 5``) had no part in it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from maltrail_units import PACKED, cache_folder, codes, names_of_lists, outermost, read_lists, with_lists, without_lists

from consilience.inference.null_model import count_tail, fit_bicm, joint_probability
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.knowledge.names import strict_key
from consilience.overlap.habits import habits
from consilience.overlap.score import Layer, decibans, habit_layers, value_weights
from processes import Row

NO_ACTOR: Final = frozenset(
    {"unclassified", "scanbox", "quasar", "middleeast", "finfisher", "hackingteam", "pegasus", "predator", "paragon"}
    | {"cyberbit", "appin", "isoon", "unc6691"}
)
"""Lists of tools, sellers and leftovers, as scale.md leaves them out."""

TUNED: Final = range(4)
"""The seeds on which the score was chosen."""

BEFORE: Final = {"with lists": 0.652, "without lists": 0.629}
"""The best average precision found before, on a fuller copy of the lists."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Facts(msgspec.Struct, frozen=True, eq=False):
    """The lists, cut into reports: ``report`` (rows,) is the place of each row's report, -1 where it takes no part.

    ``groups`` are the names; ``group_of`` (reports,) says whose report it is. ``units`` are entries of the combined
    unit as (report, unit) by table of units.
    """

    rows: pa.Table
    report: IntArray
    groups: list[str]
    group_of: IntArray
    units: dict[str, tuple[IntArray, IntArray]]
    related: frozenset[frozenset[str]]


class Halves(msgspec.Struct, frozen=True, eq=False):
    """One deal: ``held`` (halves, units) of values with two holders or more, and the habits of all pairs as layers."""

    held: FloatArray
    habits: list[Layer]
    first: IntArray
    second: IntArray


class Figures(msgspec.Struct, frozen=True):
    """What one ranking found."""

    average_precision: float
    at_50: float
    recall_at_10_false: float


def gather(path: Path, least: int, most: int) -> Facts:
    """Read the lists and cut them into the reports of the groups that take part."""
    rows = read_lists(path)
    rows = rows.filter(pc.not_equal(rows["report"], ""))
    report, texts = codes(rows["cluster"], rows["report"])
    owner = [text.split("\n")[0] for text in texts]
    count = {name: owner.count(name) for name in sorted(set(owner))}
    groups = [name for name, n in count.items() if least <= n and (not most or n <= most) and name not in NO_ACTOR]
    place = {name: index for index, name in enumerate(groups)}
    chosen = np.array([owner_of in place for owner_of in owner])
    number = np.where(chosen, np.cumsum(chosen) - 1, -1)
    units = {}
    for name, table in (("with lists", with_lists(rows)), ("without lists", without_lists(rows))):
        table = table.filter(pa.array(outermost(table)))
        at = pc.index_in(pc.binary_join_element_wise(table["cluster"], table["report"], "\n"), pa.array(texts))
        unit, _ = codes(table["unit_type"], table["unit_value"])
        of_row = number[at.to_numpy()]
        units[name] = (of_row[of_row >= 0], unit[of_row >= 0])
    return Facts(
        rows=rows,
        report=number[report],
        groups=groups,
        group_of=np.array([place[name] for name in owner if name in place], dtype=np.int64),
        units=units,
        related=related(path, groups),
    )


def related(path: Path, groups: Sequence[str]) -> frozenset[frozenset[str]]:
    """Return the pairs of groups that are known to be related: one cluster, a common alias, a stated relation."""
    stated = names_of_lists(path)
    with open_knowledge(cache_folder(), None) as known:
        described = [_described(known, stated[group]) for group in groups]
    found = set()
    for a, (keys_a, names_a, targets_a) in enumerate(described):
        for b, (keys_b, names_b, targets_b) in enumerate(described[:a]):
            if keys_a & keys_b or names_a & names_b or targets_a & keys_b or targets_b & keys_a:
                found.add(frozenset((groups[a], groups[b])))
    return frozenset(found)


def _described(known: Knowledge, names: frozenset[str]) -> tuple[set[str], set[str], set[str]]:
    """Return the keys of the clusters that carry any of the names, all their names, and whom they are related to."""
    spelt = {spelling for name in names for spelling in ((name, f"APT{name}") if name.isdigit() else (name,))}
    clusters = {each.key: each for name in spelt for each in known.clusters_named(name)}.values()
    aliases = {each.name for each in clusters} | {alias.name for each in clusters for alias in each.aliases}
    targets = {relation.target for each in clusters for relation in each.relations}
    return {each.key for each in clusters}, {strict_key(name) for name in spelt | aliases}, targets


def deal(facts: Facts, units: str, seed: int) -> Halves:
    """Deal the reports of every group into two halves: those of group g are numbered 2g and 2g + 1."""
    rng = np.random.default_rng(seed)
    half = np.empty(facts.group_of.size, dtype=np.int64)
    for group in range(len(facts.groups)):
        (own,) = np.nonzero(facts.group_of == group)
        second = np.zeros(own.size, dtype=np.int64)
        second[rng.permutation(own.size)[: own.size // 2]] = 1
        half[own] = 2 * group + second
    halves = 2 * len(facts.groups)
    report, unit = facts.units[units]
    entries = np.unique(unit * halves + half[report])
    code, holder = np.unique(entries // halves, return_inverse=True)[1], entries % halves
    shared = np.bincount(code) >= 2
    held = np.zeros((halves, int(shared.sum())))
    kept = shared[code]
    held[holder[kept], (np.cumsum(shared) - 1)[code[kept]]] = 1.0
    first, second = np.triu_indices(halves, 1)
    names = [f"{number:06}" for number in range(halves)]
    own = facts.rows.filter(pa.array(facts.report >= 0))
    taken = pa.array(names).take(pa.array(half[facts.report[facts.report >= 0]]))
    own = own.set_column(own.schema.get_field_index("cluster"), "cluster", taken)
    return Halves(held, habit_layers(habits(own), names, first, second), first, second)


# --- the methods: from the halves to a score for every pair, higher is surer ----------------------------------------


class _Graph(msgspec.Struct, frozen=True, eq=False):
    """What the methods share: ``count`` and ``rarity`` (pairs,) with the null model by class of degree."""

    count: FloatArray
    rarity: FloatArray
    layer: Layer


def _graph(halves: Halves) -> _Graph:
    held, first, second = halves.held, halves.first, halves.second
    degree = held.sum(axis=0).astype(np.int64)
    model = fit_bicm(held.sum(axis=1).astype(np.int64), degree)
    rarity = _together(halves, value_weights(degree))
    joint, weights = joint_probability(model, first, second), value_weights(model.column_degree)
    return _Graph(_together(halves), rarity, Layer(joint, model.multiplicity, weights, rarity))


def _together(halves: Halves, weights: FloatArray | float = 1.0) -> FloatArray:
    """Return the summed weight of what each pair shares."""
    return np.asarray(((halves.held * weights) @ halves.held.T)[halves.first, halves.second], dtype=np.float64)


def _jaccard(halves: Halves, graph: _Graph) -> FloatArray:
    size = halves.held.sum(axis=1)
    return graph.count / np.maximum(size[halves.first] + size[halves.second] - graph.count, 1.0)


def _cosine(halves: Halves, graph: _Graph) -> FloatArray:
    del graph
    information = np.log(halves.held.shape[0] / halves.held.sum(axis=0))
    weighted = halves.held * information
    length = np.sqrt((weighted**2).sum(axis=1))
    norm = np.maximum(length[halves.first] * length[halves.second], 1e-12)
    return _together(halves, information**2) / norm


def _adamic_adar(halves: Halves, graph: _Graph) -> FloatArray:
    del graph
    return _together(halves, 1.0 / np.log(halves.held.sum(axis=0)))


def _hypergeometric(halves: Halves, graph: _Graph) -> FloatArray:
    """Return -ln P(as many or more in common) of two random sets of these sizes among the shared values."""
    size, columns = halves.held.sum(axis=1).astype(np.int64), halves.held.shape[1]
    factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, columns + 1)))))

    def choose(n: IntArray, k: IntArray) -> FloatArray:
        return factorial[n] - factorial[k] - factorial[n - k]

    score = np.zeros(graph.count.size)
    for pair in np.flatnonzero(graph.count).tolist():
        a, b = sorted((size[halves.first[pair]], size[halves.second[pair]]))
        k = np.arange(max(int(graph.count[pair]), a + b - columns), a + 1)
        terms = choose(np.full_like(k, b), k) + choose(np.full_like(k, columns - b), a - k) - choose(columns, a)
        score[pair] = -np.logaddexp.reduce(terms)
    return score


def _bicm(halves: Halves, graph: _Graph) -> FloatArray:
    del halves
    tail = count_tail(graph.layer.joint, graph.layer.multiplicity, graph.count.astype(np.int64))
    return -np.log(np.maximum(tail, 1e-300))


def _reference(halves: Halves, graph: _Graph) -> FloatArray:
    """Return -ln of the tail of a gamma variable with the mean and variance of the rarity under the null model."""
    del halves
    joint, number, weights = graph.layer.joint, graph.layer.multiplicity, graph.layer.weights
    mean = joint @ (number * weights)
    variance = (joint * (1.0 - joint)) @ (number * weights**2)
    score = np.zeros(mean.size)
    for pair in np.flatnonzero((graph.rarity > 0.0) & (variance > 0.0)).tolist():
        shape, scale = mean[pair] ** 2 / variance[pair], variance[pair] / mean[pair]
        score[pair] = -log_gamma_tail(shape, graph.rarity[pair] / scale)
    return score


def log_gamma_tail(shape: float, x: float) -> float:
    """Return ln P(a gamma variable of this shape and scale 1 exceeds x): series below the mean, else Lentz's fraction.

    Press, Teukolsky, Vetterling and Flannery, "Numerical Recipes", 3rd ed. 2007, section 6.2.
    """
    head = shape * math.log(x) - x - math.lgamma(shape)
    if x < shape + 1.0:
        term = total = 1.0 / shape
        k = shape
        while term > total * 1e-16:
            k += 1.0
            term *= x / k
            total += term
        return math.log1p(-min(math.exp(head) * total, 1.0 - 1e-16))
    b, c = x + 1.0 - shape, 1e300
    fraction = d = 1.0 / b
    for step in range(1, 10_000):
        a = -step * (step - shape)
        b += 2.0
        d = 1.0 / (a * d + b or 1e-300)
        c = b + a / c or 1e-300
        fraction *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return head + math.log(fraction)


def _values(halves: Halves, graph: _Graph) -> FloatArray:
    del halves
    return decibans([graph.layer])


def _ours(halves: Halves, graph: _Graph) -> FloatArray:
    return decibans([graph.layer, *halves.habits])


def _as_listed(halves: Halves, graph: _Graph) -> FloatArray:
    return np.where(graph.count > 0.0, _ours(halves, graph), 0.0)


METHODS: Final[dict[str, Callable[[Halves, _Graph], FloatArray]]] = {
    "shared count": lambda _, graph: graph.count,
    "Jaccard": _jaccard,
    "TF-IDF cosine": _cosine,
    "Adamic-Adar": _adamic_adar,
    "1/C(d,2)": lambda _, graph: graph.rarity,
    "hypergeometric": _hypergeometric,
    "BiCM, count p": _bicm,
    "reference": _reference,
    "values": _values,
    "ours, as listed": _as_listed,
    "ours": _ours,
}
"""The rankings that are compared; all see the same halves."""


# --- figures ---------------------------------------------------------------------------------------------------------


def figures(score: FloatArray, true: BoolArray) -> Figures:
    """Return the figures of a ranking, the expectation over all orders of ties."""
    order = np.argsort(-score, kind="stable")
    score, hit = score[order], true[order].astype(np.float64)
    start = np.flatnonzero(np.append(True, score[1:] != score[:-1]))
    size = np.diff(np.append(start, score.size))
    hits = np.add.reduceat(hit, start)
    before = np.cumsum(hits) - hits
    precision, found, top = 0.0, 0.0, 0.0
    for at, n, h, above in zip(start.tolist(), size.tolist(), hits.tolist(), before.tolist(), strict=True):
        place = np.arange(1, n + 1)
        if h:
            inside = (place - 1) * (h - 1) / max(n - 1, 1)
            precision += float((h / n * (above + 1 + inside) / (at + place)).sum())
        false_before, false_here = at - above, n - h
        # Of h hits among n tied pairs, (left + 1) / (false + 1) come before the next false pair but `left`.
        left = min(max(10 - false_before, 0.0), false_here + 1.0)
        found += h * min(left / (false_here + 1.0), 1.0)
        top += h * min(max((50 - at) / n, 0.0), 1.0)
    positives = max(float(hit.sum()), 1.0)
    return Figures(precision / positives, top / 50, found / positives)


def measure(facts: Facts, units: str, seeds: Sequence[int]) -> tuple[dict[str, dict[str, list[Figures]]], float]:
    """Return the figures of every method for each deal, over all groups and over those at odd places.

    The second value is the share of groups whose halves have no value in common.
    """
    apart = []
    found: dict[str, dict[str, list[Figures]]] = {name: {"all": [], "odd": []} for name in METHODS}
    for seed in seeds:
        halves = deal(facts, units, seed)
        graph = _graph(halves)
        one, other = halves.first // 2, halves.second // 2
        true = one == other
        stated = [[frozenset((a, b)) in facts.related for b in facts.groups] for a in facts.groups]
        apart.append(float((graph.count[true] == 0.0).mean()))
        counted = true | ~np.array(stated)[one, other]
        odd = counted & (one % 2 == 1) & (other % 2 == 1)
        for name, method in METHODS.items():
            score = method(halves, graph)
            found[name]["all"].append(figures(score[counted], true[counted]))
            found[name]["odd"].append(figures(score[odd], true[odd]))
    return found, float(np.mean(apart))


def _mean(of: Sequence[Figures]) -> tuple[Figures, float]:
    columns = np.array([msgspec.structs.astuple(each) for each in of])
    return Figures(*columns.mean(axis=0).tolist()), float(columns[:, 0].std(ddof=1)) if len(of) > 1 else 0.0


def run(path: Path | None = None, repeats: int = 10, seed: int = 100, least: int = 6, most: int = 0) -> list[Row]:
    """Return the figures as rows of docs/benchmarks.md."""
    path = path or PACKED
    if not path.exists():
        return [Row("Split-half recovery", "not measured: shared/data/maltrail is not there", "", None)]
    facts = gather(path, least, most)
    rows = [
        Row(
            "Split-half recovery: groups, reports, pairs of groups known to be related",
            f"{len(facts.groups)}, {facts.group_of.size}, {len(facts.related)}",
            "",
            None,
        )
    ]
    for units in facts.units:
        found, apart = measure(facts, units, range(seed, seed + repeats))
        rows.append(Row(f"Split-half, {units}: groups whose halves share no value", f"{apart:.0%}", "", None))
        best = max(_mean(found[name]["all"])[0].average_precision for name in METHODS if not name.startswith("ours"))
        for name in METHODS:
            (mean, deviation), (odd, _) = _mean(found[name]["all"]), _mean(found[name]["odd"])
            goal = max(BEFORE[units], best) if name == "ours" else None
            rows.append(
                Row(
                    f"Split-half, {units}, {name}: AP (sd), P@50, recall at 10 false; AP of groups not tuned on",
                    f"{mean.average_precision:.3f} ({deviation:.3f}), {mean.at_50:.2f}, "
                    f"{mean.recall_at_10_false:.2f}; {odd.average_precision:.3f}",
                    "" if goal is None else f"AP > {goal:.3f}",
                    None if goal is None else mean.average_precision > goal,
                )
            )
    return rows


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", type=Path, default=PACKED, help="an archive or folder of lists")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=100, help="the first of the seeds; 0 to 3 were tuned on")
    parser.add_argument("--least", type=int, default=6, help="the fewest reports of a group")
    parser.add_argument("--most", type=int, default=0, help="the most reports of a group; 0 for any number")
    arguments = parser.parse_args()
    for row in run(arguments.path, arguments.repeats, arguments.seed, arguments.least, arguments.most):
        goal = f"  (goal: {row.goal}; {'met' if row.met else 'MISSED'})" if row.goal else ""
        print(f"{row.what}: {row.figure}{goal}")


if __name__ == "__main__":
    main()
