"""Ranked, tested pairs: equal to the full comparison on small tables, and nothing that matters is left out on large."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.inference.multiple_testing import benjamini_hochberg
from consilience.inference.null_model import count_tail, score_tail
from consilience.overlap import compiled, ranking, tails
from consilience.overlap.kernel import Collector, Counts, count
from consilience.overlap.pairs import COLUMNS, OverlapSettings, compare
from consilience.overlap.ranking import RankedPairs, listed_up_to, rank

THREE_PAIRS = ((0, 1), (0, 2), (1, 2))


@pytest.fixture(params=["compiled", "numpy"])
def engine(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(compiled, "loaded_library", lambda: None)
    elif compiled.name() != "compiled":
        pytest.skip("the kernel is not compiled here")
    return request.param


def graph(rows, clusters, cut=200):
    collector = Collector(clusters, len(rows))
    collector.extend(
        np.array([unit for unit, _ in rows], np.uint64), np.array([cluster for _, cluster in rows], np.uint32)
    )
    return collector.graph(cut)


def random_rows(seed, rows=400, units=90, clusters=12):
    rng = np.random.default_rng(seed)
    held = rng.integers(0, units, rows).tolist(), np.minimum(rng.geometric(0.25, rows) - 1, clusters - 1).tolist()
    return list(zip(*held, strict=True))


def heavy(seed=3, rows=60_000, clusters=400):
    """Rows with heavy tails on both sides, and ten pairs of clusters that share eight units of their own."""
    rng = np.random.default_rng(seed)
    units = np.minimum(rng.zipf(1.5, rows), 30_000)
    held = np.floor(clusters * rng.random(rows) ** 2.5).astype(np.int64)
    planted = [(n, clusters // first + n // 8) for n in range(80) for first in (4, 2)]
    return [*zip((units + 1000).tolist(), held.tolist(), strict=True), *planted]


def table(rows):
    """Return rows as the table of observations that ``overlap.pairs`` takes, clusters named in the order of codes."""
    columns = {name: [""] * len(rows) for name in COLUMNS}
    columns |= {
        "cluster": [f"c{cluster:03}" for _, cluster in rows],
        "unit_type": ["mutex"] * len(rows),
        "unit_value": [f"u{unit}" for unit, _ in rows],
        "type": ["mutex"] * len(rows),
        "value": [f"u{unit}" for unit, _ in rows],
    }
    return pa.table(columns)


def as_dict(ranked: RankedPairs):
    columns = (ranked.a, ranked.b, ranked.count, ranked.expected, ranked.p, ranked.score)
    return {(a, b): (n, e, p, s) for a, b, n, e, p, s in zip(*(each.tolist() for each in columns), strict=True)}


@pytest.mark.parametrize("seed", range(4))
def test_small_tables_have_the_figures_of_the_full_comparison(seed, engine):
    rows = random_rows(seed)
    ranked = rank(graph(rows, 12), limit=1.0)
    full = [pair for pair in compare(table(rows), OverlapSettings()) if pair.unit == "mutex"]
    assert len(full) == ranked.a.size == ranked.sharing > 20
    own = as_dict(ranked)
    for pair in full:
        shared, expected, p, score = own[int(pair.a[1:]), int(pair.b[1:])]
        assert shared == pair.observed
        assert expected == pytest.approx(pair.expected, abs=5.1e-5)
        assert p == pytest.approx(pair.p_value, rel=1e-9)
        assert score == pytest.approx(pair.score, abs=5.1e-3)
    assert [(int(pair.a[1:]), int(pair.b[1:])) for pair in full] == list(own)  # the same rank


def test_q_is_that_of_all_pairs_written_out():
    rows = random_rows(7, rows=900, units=300, clusters=30) + [(1000 + n, c) for n in range(5) for c in (20, 25)]
    ranked = rank(graph(rows, 30), limit=0.3)
    every = rank(graph(rows, 30), limit=1.0)
    tested = np.ones(math.comb(30, 2))
    tested[: every.score.size] = 10.0 ** (-every.score / 10.0)
    expected = benjamini_hochberg(tested, tested.size)
    assert 5 < ranked.a.size < every.a.size
    assert ranked.tests == tested.size
    np.testing.assert_allclose(every.q, expected[: every.q.size], rtol=1e-9)
    declared = ranked.q <= 0.3
    np.testing.assert_allclose(ranked.q[declared], expected[: ranked.q.size][declared], rtol=1e-9)
    assert (expected[: ranked.q.size][~declared] > 0.3).all()
    assert ranked.q.min() < 0.05 < ranked.q.max()


@pytest.mark.parametrize("classes", [ranking.ROW_CLASSES, 5, 1])
def test_the_screen_leaves_every_pair_up_to_the_limit(classes, monkeypatch, engine):
    rows = heavy(rows=6_000, clusters=80)
    whole = rank(graph(rows, 80), limit=1.0)
    monkeypatch.setattr(ranking, "ROW_CLASSES", classes)
    for limit in (0.5, 0.05, 0.001):
        ranked = rank(graph(rows, 80), limit=limit)
        listed = int((whole.score >= -10.0 * math.log10(limit)).sum())
        for name in ("a", "b", "count", "rarity", "expected", "p", "score"):
            np.testing.assert_array_equal(getattr(ranked, name), getattr(whole, name)[:listed], err_msg=name)
        assert ranked.sharing == whole.sharing > 5 * listed > 0


def test_the_number_is_tested_exactly_for_the_first_pairs_and_nearly_for_the_others(monkeypatch):
    exact = rank(graph(heavy(), 400), limit=1.0)
    monkeypatch.setattr(ranking, "EXACT_PAIRS", 50)
    ranked = rank(graph(heavy(), 400), limit=1.0)
    assert (ranked.exact, exact.exact) == (50, 4096)
    np.testing.assert_array_equal(ranked.p[:50], exact.p[:50])
    likely = (exact.p[:4096] > 0.01) & (exact.count > exact.expected)[:4096]
    np.testing.assert_allclose(ranked.p[:4096][likely], exact.p[:4096][likely], rtol=0.1)


def test_planted_pairs_come_first_and_nothing_else_is_declared():
    ranked = rank(graph(heavy(), 400), threads=2)
    planted = {(100 + n, 200 + n) for n in range(10)}
    assert set(list(as_dict(ranked))[:10]) == planted
    declared = ranked.q <= 0.05
    assert set(zip(ranked.a[declared].tolist(), ranked.b[declared].tolist(), strict=True)) == planted


def test_two_collections_that_hold_a_little_more_in_common_than_the_model_gives_are_not_declared():
    """Half of all units in each of two clusters, and 8 % more of them in both: highly significant, and no link."""
    rng = np.random.default_rng(1)
    rows = [(unit, int(c)) for unit in range(9000) for c in rng.choice(np.arange(2, 60), 12, replace=False)]
    one = rng.random(9000) < 0.5
    other = rng.random(9000) < np.where(one, 0.54, 0.46)
    rows += [(unit, 0) for unit in np.flatnonzero(one).tolist()] + [
        (unit, 1) for unit in np.flatnonzero(other).tolist()
    ]
    ranked = rank(graph(rows, 60), limit=1.0)
    place = list(as_dict(ranked)).index((0, 1))
    assert ranked.p[place] < 1e-6
    assert ranked.q[place] > 0.05


@pytest.mark.parametrize("limit", [0.05, 1.0])
def test_counts_of_another_engine_give_the_same_as_a_graph(limit):
    rows = heavy(rows=15_000, clusters=150)
    own = rank(graph(rows, 150), limit=limit)
    units, clusters = np.array([u for u, _ in rows]), np.array([c for _, c in rows])
    assert_same(own, rank(count(units, clusters, 150), limit=limit))


def assert_same(first, second):
    for name in RankedPairs.__struct_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


def test_any_number_of_threads_gives_the_same_bytes():
    one = graph(heavy(), 400)
    assert_same(rank(one), rank(one, threads=2))
    assert_same(rank(one), rank(one, threads=5))


@pytest.mark.parametrize(
    ("rows", "clusters", "listed"),
    [
        ([], 0, {}),
        ([], 3, {}),
        ([(1, 0), (2, 0)], 1, {}),
        ([(1, 0), (1, 1), (2, 0), (2, 1)], 2, {(0, 1): (2, 2.0, 1.0, 0.0)}),  # with two nothing is left to chance
        ([(unit, c) for unit in range(5) for c in range(3)], 3, dict.fromkeys(THREE_PAIRS, (5, 5.0, 1.0, 0.0))),
        ([(unit, c) for unit in range(5) for c in range(8)], 8, {}),  # all above the cut
    ],
    ids=["nothing", "no rows", "one cluster", "two clusters", "all alike", "hubs"],
)  # fmt: skip
def test_tables_without_a_choice_have_no_pair_beyond_chance(rows, clusters, listed, engine):
    ranked = rank(graph(rows, clusters, cut=7), limit=1.0)
    assert as_dict(ranked) == {pair: pytest.approx(row) for pair, row in listed.items()}
    assert (ranked.q == 1.0).all()
    assert rank(graph(rows, clusters, cut=7)).a.size == 0


def test_more_clusters_than_sixteen_bits_number():
    clusters = 70_000
    rows = [(unit, unit % clusters) for unit in range(2 * clusters)] + [(n, clusters - 1 - n % 7) for n in range(900)]
    rows += [(1_000_000 + n, c) for n in range(12) for c in (65_536, 69_000)]
    ranked = rank(graph(rows, clusters))
    assert (ranked.a[0], ranked.b[0], ranked.count[0]) == (65_536, 69_000, 12)
    assert ranked.q[0] <= 0.05
    assert ranked.tests == math.comb(clusters, 2)


@pytest.mark.parametrize("limit", [0.0, -1.0, 1.5, float("nan")])
def test_a_limit_that_is_no_probability_is_an_error(limit):
    with pytest.raises(ValueError, match="limit for p"):
        rank(graph([(1, 0), (1, 1)], 2), limit=limit)


def test_counts_that_contradict_themselves_are_an_error():
    counts = count(np.array([1, 1]), np.array([0, 1]), 2)
    wrong = Counts(counts.rows, counts.present, counts.kept + 1, counts.degrees, counts.pairs)
    with pytest.raises(ValueError, match="hold"):
        rank(wrong)


def test_where_millions_of_pairs_may_share_something_only_the_least_likely_are_listed():
    few, many = np.array([0, 0, 1000]), np.array([0, 0, 2_000_000])
    assert listed_up_to(0.05, few, 50_000) == 0.05
    assert listed_up_to(0.05, many, 50_000) == pytest.approx(0.05 * 2_000_000 / math.comb(50_000, 2))
    assert listed_up_to(0.05, many, 1000) == 0.05  # no more than C(1000, 2) pairs
    assert listed_up_to(0.05, np.zeros(201, np.int64), 0) == 0.05


# --- tails and their bounds -------------------------------------------------------------------------------------------


def model(seed, columns=30):
    rng = np.random.default_rng(seed)
    kept = rng.integers(1, 60, 25)
    degree = np.arange(2, columns + 2)
    return tails.Chances(
        probability=np.minimum(np.sort(kept)[:, None] * degree[None, :] / 9e3 * rng.uniform(0.5, 2, columns), 0.95),
        multiplicity=rng.integers(1, 400, columns).astype(np.float64),
        spread=degree * 0.9,
        weight=2.0 / (degree * (degree - 1.0)),
    )


@pytest.mark.skipif(compiled.name() != "compiled", reason="numpy is the reference itself")
@pytest.mark.parametrize("seed", range(3))
def test_compiled_tails_are_those_of_the_reference(seed):
    chances, rng = model(seed), np.random.default_rng(seed)
    rows = rng.integers(0, 25, (300, 2)).astype(np.uint32)
    joint, whole = chances.joint(rows), chances.multiplicity.astype(np.int64)
    shared = rng.integers(0, 40, 300)
    shared[:3] = 512, 513, 600
    expected, near = tails.near_tails(chances, rows, shared, 2)
    exact = tails.exact_tails(chances, rows, shared, 2)
    np.testing.assert_allclose(expected, joint @ chances.multiplicity, rtol=1e-12)
    np.testing.assert_allclose(exact, count_tail(joint, whole, shared), rtol=1e-9)
    likely = (exact > 1e-6) & (shared > expected)
    assert likely.sum() > 30
    np.testing.assert_allclose(near[likely], np.log(exact[likely]), atol=0.1)
    observed = rng.uniform(0.0, 30.0, 300)
    bounds = tails.scores(chances, rows, observed, 2)
    np.testing.assert_allclose(bounds, score_tail(joint, whole, chances.weight, observed), rtol=1e-6, atol=1e-9)


@pytest.mark.skipif(compiled.name() != "compiled", reason="numpy is the reference itself")
@pytest.mark.parametrize(
    ("trials", "chance", "shared"), [(3, 0.9, 3), (3, 0.9, 4), (600, 0.999, 500), (2000, 0.9, 300), (10**7, 1e-7, 4)]
)
def test_one_column_class_is_a_binomial_variable(trials, chance, shared):
    chances = tails.Chances(
        probability=np.array([[math.sqrt(chance)]]),
        multiplicity=np.array([float(trials)]),
        spread=np.array([1e300]),  # no room is lost: the joint chance is the product
        weight=np.ones(1),
    )
    ways = [
        math.lgamma(trials + 1) - math.lgamma(j + 1) - math.lgamma(trials - j + 1)
        for j in range(min(shared, trials + 1))
    ]
    below = math.fsum(
        math.exp(w + j * math.log(chance) + (trials - j) * math.log1p(-chance)) for j, w in enumerate(ways)
    )
    found = tails.exact_tails(chances, np.zeros((1, 2), np.uint32), np.array([shared]))[0]
    assert found == pytest.approx(1.0 - below, abs=1e-6)


@pytest.mark.skipif(compiled.name() != "compiled", reason="numpy leaves no pair out")
@given(st.integers(0, 5), st.floats(1e-12, 0.4), st.integers(0, 24), st.integers(0, 24))
@settings(deadline=None, max_examples=80)
def test_the_least_sum_is_where_the_bound_meets_the_limit(seed, limit, first, second):
    chances, rows = model(seed), np.array([[first, second]], np.uint32)
    least = tails.least_sums(chances, rows, limit, 2**28) / 2**28
    below, above = (tails.scores(chances, rows, least * factor)[0] for factor in (1.0 - 1e-5, 1.0 + 1e-5))
    assert above <= math.log(limit) < below


@pytest.mark.skipif(compiled.name() != "compiled", reason="numpy leaves no pair out")
def test_where_no_sum_is_surprising_no_pair_is_told():
    certain = tails.Chances(np.ones((1, 3)), np.full(3, 4.0), np.full(3, 1e300), np.ones(3))
    assert tails.least_sums(certain, np.zeros((1, 2), np.uint32), 0.05, 2**28)[0] == np.iinfo(np.int64).max


def test_degrees_taken_together_keep_mean_and_score(monkeypatch):
    chances = model(5, columns=120)
    chances = tails.Chances(chances.probability * 0.2, chances.multiplicity, chances.spread, chances.weight)
    fewer = ranking.thinned(chances)
    assert fewer.multiplicity.size < ranking.COLUMN_CLASSES < 120
    assert fewer.multiplicity.sum() == chances.multiplicity.sum()
    rows = np.random.default_rng(0).integers(0, 25, (200, 2)).astype(np.uint32)
    shared = np.full(200, 9)
    few, many = tails.near_tails(fewer, rows, shared)[0], tails.near_tails(chances, rows, shared)[0]
    np.testing.assert_allclose(few, many, rtol=0.05)
    observed = np.full(200, 6.0)
    np.testing.assert_allclose(tails.scores(fewer, rows, observed), tails.scores(chances, rows, observed), rtol=1e-3)


def test_few_degrees_stay_as_they_are():
    chances = model(1)
    assert ranking.thinned(chances) is chances
