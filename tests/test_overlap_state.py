"""Adding one report to the counts: exactly what a full recomputation gives, for every state still in use."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.overlap.kernel import MOST_CLUSTERS, count
from consilience.overlap.ranking import rank
from consilience.overlap.state import gather
from consilience.overlap.state_arrays import CLUSTER_BITS, PairPlaces

CUT = 3
A, B, C, D, E = range(5)
HALF, THIRD = 2**28, round(2**28 / 3)


def columns(rows):
    return np.array([u for u, _ in rows], dtype=np.uint64), np.array([c for _, c in rows], dtype=np.uint32)


def state_of(rows, clusters=5, cut=CUT, least_room=1 << 16):
    return gather(*columns(rows), clusters, degree_cut=cut, least_room=least_room)


def changed_by(rows, report):
    """Return {pair: ((count, rarity) before, after)} of the pairs that a report changes."""
    changed = state_of(rows).with_report(*columns(report)).changed
    every = (changed.count_before, changed.rarity_before, changed.count_after, changed.rarity_after)
    figures = zip(changed.a.tolist(), changed.b.tolist(), *(each.tolist() for each in every), strict=True)
    return {(a, b): ((n, r), (m, s)) for a, b, n, r, m, s in figures}


def held(*entries):
    """Return the rows of units written as letters of their holders: held("AB", "A") is two units."""
    return [(unit, "ABCDE".index(letter)) for unit, letters in enumerate(entries) for letter in letters]


TABLE = [
    ("nothing in the report", held("AB"), [], {}),
    ("a row that is there already", held("AB"), [(0, B)], {}),
    ("a value that nobody has", held("AB"), [(7, C)], {}),
    ("a value that one other has", held("AB", "C"), [(1, D)], {(C, D): ((0, 0), (1, HALF))}),
    (
        "a value of two gets a third holder",
        held("AB"),
        [(0, C)],
        {(A, B): ((1, HALF), (1, THIRD)), (A, C): ((0, 0), (1, THIRD)), (B, C): ((0, 0), (1, THIRD))},
    ),
    (
        "a value crosses the cut: its pairs lose it, and what else they share stays",
        held("ABC", "AB"),
        [(0, D)],
        {
            (A, B): ((2, THIRD + HALF), (1, HALF)),
            (A, C): ((1, THIRD), (0, 0)),
            (B, C): ((1, THIRD), (0, 0)),
        },
    ),
    ("a value beyond the cut gets one more", held("ABCD"), [(0, E)], {}),
    ("a value jumps from one holder beyond the cut", held("A"), [(0, B), (0, C), (0, D)], {}),
    ("one report about two clusters", [], [(0, A), (0, B), (1, A)], {(A, B): ((0, 0), (1, HALF))}),
    ("repeats count once", held("A"), [(0, B), (0, B)], {(A, B): ((0, 0), (1, HALF))}),
    (
        "two values in one report",
        held("A", "A"),
        [(0, B), (1, B)],
        {(A, B): ((0, 0), (2, 2 * HALF))},
    ),
    ("a cluster that is new", held("A"), [(0, 4_000)], {(A, 4_000): ((0, 0), (1, HALF))}),
]


@pytest.mark.parametrize(("rows", "report", "expected"), [each[1:] for each in TABLE], ids=[each[0] for each in TABLE])
def test_which_pairs_a_report_changes(rows, report, expected):
    assert changed_by(rows, report) == expected


def test_the_state_before_stays_as_it_was():
    before = state_of(held("AB", "C"))
    after = before.with_report(*columns([(1, D), (0, D)]))
    assert (before.rows, after.state.rows, after.entries) == (3, 5, 2)
    for _ in range(2):  # turn and turn about: each use takes the arrays over
        assert [each.tolist() for each in before.shared(np.array([A, C]), np.array([B, D]))] == [[1, 0], [HALF, 0]]
        assert [each.tolist() for each in after.state.shared(np.array([A, D]), np.array([B, C]))] == [
            [1, 1],
            [THIRD, HALF],
        ]
        assert [each.tolist() for each in before.holders(np.array([0, 1, 9]))] == [[A, B], [C], []]
        assert [each.tolist() for each in after.state.holders(np.array([0, 1, 9]))] == [[A, B, D], [C, D], []]


def assert_same(state, rows, cut):
    """Compare with a full recomputation, to the last digit; codes behind the last cluster with a row do not count."""
    found, expected = state.counts(), count(*columns(rows), 60, degree_cut=cut)
    for mine, theirs in ((found.kept, expected.kept), (found.present, expected.present)):
        assert np.flatnonzero(mine).tolist() == np.flatnonzero(theirs).tolist()
        assert mine[np.flatnonzero(mine)].tolist() == theirs[np.flatnonzero(theirs)].tolist()
    assert found.degrees.tolist() == expected.degrees.tolist()
    assert found.rows == expected.rows
    for name in ("a", "b", "count", "rarity"):
        assert getattr(found.pairs, name).tolist() == getattr(expected.pairs, name).tolist()


ROW = st.tuples(st.one_of(st.integers(0, 6), st.sampled_from([2**64 - 1, 2**32])), st.integers(0, 8))
WIDE = st.tuples(st.integers(0, 8), st.one_of(st.integers(0, 10), st.integers(40, 59)))  # with clusters not seen yet


@given(
    st.lists(ROW, max_size=40),
    st.lists(st.tuples(st.integers(0, 5), st.lists(WIDE, max_size=12)), max_size=7),
    st.integers(1, 8),
    st.sampled_from([0, 3, 1 << 16]),
)
@settings(deadline=None, max_examples=120)
def test_any_reports_on_any_state_equal_a_full_recomputation(first, reports, cut, least_room):
    """A tree of states: each report goes on top of some earlier one; with little room the arrays are made anew."""
    states = [(state_of(first, 9, cut, least_room), first)]
    for onto, report in reports:
        state, rows = states[onto % len(states)]
        update = state.with_report(*columns(report))
        assert update.entries == len(set(rows + report)) - len(set(rows))
        states.append((update.state, rows + report))
        changed = update.changed
        assert np.array_equal(state.shared(changed.a, changed.b), (changed.count_before, changed.rarity_before))
        assert np.array_equal(update.state.shared(changed.b, changed.a), (changed.count_after, changed.rarity_after))
        assert not np.any(
            (changed.count_before == changed.count_after) & (changed.rarity_before == changed.rarity_after)
        )
    for state, rows in states[::-1] + states:
        assert_same(state, rows, cut)


@given(
    st.lists(ROW, max_size=30), st.permutations(range(3)), st.lists(st.lists(WIDE, max_size=8), min_size=3, max_size=3)
)
@settings(deadline=None, max_examples=40)
def test_the_order_of_reports_does_not_matter(first, order, reports):
    one = other = state_of(first, 9)
    for at in range(3):
        one = one.with_report(*columns(reports[at])).state
        other = other.with_report(*columns(reports[order[at]])).state
    assert_same(other, first + [row for report in reports for row in report], CUT)
    assert np.array_equal(one.counts().pairs.rarity, other.counts().pairs.rarity)


@pytest.mark.parametrize(
    ("clusters", "pairs"), [(1, 0), (2, 1), (40, 780), (400, 60_000), (400, 300), (MOST_CLUSTERS, 5_000)]
)
def test_pairs_are_found_where_they_stand(clusters, pairs):
    """From every pair of a few clusters to a few pairs of a million."""
    rng = np.random.default_rng(clusters + pairs)
    drawn = np.sort(rng.integers(0, clusters, (4 * pairs, 2)), axis=1)
    keys = np.unique(drawn[:, 0] << CLUSTER_BITS | drawn[:, 1])
    keys = np.sort(rng.permutation(keys)[:pairs])
    absent = np.setdiff1d(np.concatenate((keys - 1, keys + 1, [5, (MOST_CLUSTERS - 2) << CLUSTER_BITS | 7])), keys)
    places = PairPlaces.of(keys)
    assert places.find(keys).tolist() == list(range(keys.size))
    assert set(places.find(absent[absent >= 0]).tolist()) == {-1}


def test_a_hub_costs_no_pairs():
    """A value of 40,000 clusters gets 10,000 more: its pairs would be a thousand million."""
    hub = gather(np.zeros(40_000, np.int64), np.arange(40_000), 40_000)
    update = hub.with_report(np.zeros(10_000, np.int64), np.arange(40_000, 50_000))
    assert (update.entries, update.changed.a.size) == (10_000, 0)
    assert update.state.holders(np.array([0]))[0].tolist() == list(range(50_000))
    assert (update.state.kept.size, int(update.state.kept.sum())) == (50_000, 0)


def test_p_and_q_after_a_report_are_those_of_all_rows():
    """Two clusters that get twelve values of their own stand out, in the model of the new degrees."""
    rng = np.random.default_rng(3)
    rows = [(int(u), int(c)) for u, c in zip(rng.integers(0, 300, 500), rng.integers(0, 12, 500), strict=True)]
    report = [(unit, cluster) for unit in range(900, 912) for cluster in (3, 11)]
    update = state_of(rows, 12, 8).with_report(*columns(report))
    found = rank(update.state.counts(), limit=1.0)
    expected = rank(count(*columns(rows + report), 12, degree_cut=8), limit=1.0)
    for name in ("a", "b", "count", "p", "q", "score"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()
    assert (found.a[0], found.b[0]) == (3, 11)
    assert found.p[0] < 0.01


@pytest.mark.parametrize(
    ("units", "clusters", "reason"),
    [
        ([1, 2], [1], "2 integers"),
        ([1], [-1], "cluster -1 lies outside"),
        ([1], [MOST_CLUSTERS], f"cluster {MOST_CLUSTERS} lies outside"),
        ([1], [1.5], "float64"),
        ([1.5], [1], "units must"),
        ([[1]], [[1]], "units must"),
    ],
)
def test_wrong_reports_are_refused_and_change_nothing(units, clusters, reason):
    state = state_of(held("AB"))
    with pytest.raises(ValueError, match=reason):
        state.with_report(np.array(units), np.array(clusters))
    assert_same(state, held("AB"), CUT)
