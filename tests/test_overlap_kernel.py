"""The counting kernel: equal to sets in plain Python, to numpy, to itself on any number of threads; hard to break."""

import importlib.util
import math
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.overlap import compiled, kernel
from consilience.overlap.kernel import Collector, Screen, count

ROOT = Path(__file__).resolve().parent.parent
CUT = 5


def build_hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["compiled", "numpy"])
def engine(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(compiled, "loaded_library", lambda: None)
    elif compiled.name() != "compiled":
        pytest.skip("the kernel is not compiled here")
    return request.param


def by_sets(rows, clusters, cut):
    """Return (kept, degrees, pairs) the slow way."""
    holders = defaultdict(set)
    for unit, cluster in rows:
        holders[unit].add(cluster)
    kept, degrees, pairs = [0] * clusters, [0] * (cut + 1), defaultdict(lambda: [0, 0])
    for holding in holders.values():
        d = len(holding)
        if 2 <= d <= cut:
            degrees[d] += 1
            for each in holding:
                kept[each] += 1
            for pair in combinations(sorted(holding), 2):
                pairs[pair][0] += 1
                pairs[pair][1] += round(2**28 / math.comb(d, 2))
    return kept, degrees, {pair: tuple(sums) for pair, sums in pairs.items()}


def as_python(counts):
    pairs = counts.pairs
    columns = (each.tolist() for each in (pairs.a, pairs.b, pairs.count, pairs.rarity))
    rows = list(zip(*columns, strict=True))
    assert [row[:2] for row in rows] == sorted({row[:2] for row in rows})  # sorted, each once
    return counts.kept.tolist(), counts.degrees.tolist(), {(a, b): (n, r) for a, b, n, r in rows}


def codes(rows):
    return np.array([u for u, _ in rows], dtype=np.uint64), np.array([c for _, c in rows], dtype=np.uint32)


UNITS = st.one_of(st.integers(0, 9), st.sampled_from([2**64 - 1, 2**63, 2**32, 2**32 - 1]), st.integers(0, 2**64 - 1))
ROWS = st.lists(st.tuples(UNITS, st.integers(0, 8)), max_size=120)


@given(ROWS, st.integers(1, 9))
@settings(deadline=None, max_examples=150)
def test_the_kernel_counts_what_sets_count(rows, cut):
    assert as_python(count(*codes(rows), 9, degree_cut=cut)) == by_sets(rows, 9, cut)


@given(ROWS)
@settings(deadline=None, max_examples=40)
def test_numpy_alone_counts_the_same(rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "loaded_library", lambda: None)
        assert compiled.name() == "numpy"
        assert as_python(count(*codes(rows), 9, degree_cut=CUT)) == by_sets(rows, 9, CUT)


@given(ROWS, st.integers(1, 5), st.integers(1, 5), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_neither_threads_nor_batches_nor_passes_nor_the_order_change_a_count(rows, threads, passes, random):
    whole = as_python(count(*codes(rows), 9, degree_cut=CUT))
    shuffled = rows + rows[:7]
    random.shuffle(shuffled)
    collector = Collector(9, len(shuffled), passes=passes)
    for turn in range(passes):
        if turn:
            collector.next_pass(CUT, threads)
        for start in range(0, len(shuffled), 11):
            collector.add(*codes(shuffled[start : start + 11]))
    graph = collector.graph(CUT, threads)
    assert (graph.kept.tolist(), graph.degrees.tolist()) == whole[:2]
    pairs = graph.pairs(threads)
    found = zip(*(each.tolist() for each in (pairs.a, pairs.b, pairs.count, pairs.rarity)), strict=True)
    assert [((a, b), (n, r)) for a, b, n, r in found] == sorted(whole[2].items())
    assert collector.rows == len(shuffled)
    assert set(np.flatnonzero(collector.present).tolist()) == {c for _, c in rows}


def heavy(rows, clusters, seed=5):
    """Rows with heavy tails on both sides: large clusters, and units that most clusters hold."""
    rng = np.random.default_rng(seed)
    units = np.minimum(rng.zipf(1.3, rows), 50_000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return units, np.minimum(rng.zipf(1.2, rows) - 1, clusters - 1).astype(np.uint32)


def same(first, second):
    assert first.kept.tolist() == second.kept.tolist()
    assert first.degrees.tolist() == second.degrees.tolist()
    for column in ("a", "b", "count", "rarity"):
        np.testing.assert_array_equal(getattr(first.pairs, column), getattr(second.pairs, column))


def test_a_larger_table_is_the_same_for_numpy_and_one_to_four_threads(monkeypatch):
    units, clusters = heavy(120_000, 700)
    one = count(units, clusters, 700)
    assert one.pairs.a.size > 10_000
    for threads in (2, 3, 4):
        same(one, count(units, clusters, 700, threads=threads))
    monkeypatch.setattr(compiled, "loaded_library", lambda: None)
    same(one, count(units, clusters, 700))


@pytest.mark.parametrize("kind", [np.uint64, np.int64, np.uint32, np.int32, np.uint16, np.int8])
def test_codes_of_any_width_count_alike(kind, engine):
    units, clusters = np.array([7, 7, 7, 9, 9, 100], dtype=kind), np.array([0, 1, 1, 1, 2, 0], dtype=kind)
    _, _, pairs = as_python(count(units, clusters, 3))
    assert pairs == {(0, 1): (1, 2**28), (1, 2): (1, 2**28)}
    every_second = np.repeat(units, 2)[::2], np.repeat(clusters, 2)[::2]  # not contiguous
    assert as_python(count(*every_second, 3))[2] == pairs
    swapped = units.astype(units.dtype.newbyteorder(">")), clusters.astype(clusters.dtype.newbyteorder(">"))
    assert as_python(count(*swapped, 3))[2] == pairs


@pytest.mark.parametrize(
    ("rows", "clusters"),
    [([], 0), ([], 7), ([(1, 0), (2, 0), (1, 0)], 1), ([(1, 0), (2, 1)], 2)],
    ids=["nothing", "no rows", "one cluster", "nothing shared"],
)
def test_where_nothing_is_shared_there_are_no_pairs(rows, clusters, engine):
    counts = count(*codes(rows), clusters)
    assert as_python(counts) == ([0] * clusters, [0] * 201, {})
    assert counts.rows == len(rows)


def test_a_unit_one_above_the_cut_adds_nothing(engine):
    rows = [(1, c) for c in range(CUT)] + [(2, c) for c in range(CUT + 1)]
    kept, degrees, pairs = as_python(count(*codes(rows), CUT + 1, degree_cut=CUT))
    assert degrees == [0] * CUT + [1]
    assert kept == [1] * CUT + [0]
    assert set(pairs.values()) == {(1, round(2**28 / math.comb(CUT, 2)))}


def test_two_clusters_that_share_more_than_the_small_accumulators_hold():
    """2**20 exclusive units are 2**48 of rarity: both parts of the 64-bit sum have to be moved out in time."""
    n = (1 << 20) + 77
    units = np.tile(np.arange(n, dtype=np.uint32), 2)
    clusters = np.repeat(np.array([3, 900], dtype=np.uint16), n)
    units = np.concatenate((units, np.arange(40, dtype=np.uint32) + n, np.arange(40, dtype=np.uint32) + n))
    clusters = np.concatenate((clusters, np.full(40, 3, np.uint16), np.full(40, 4, np.uint16)))
    counts = count(units, clusters, 1000, threads=2)
    assert as_python(counts)[2] == {(3, 4): (40, 40 << 28), (3, 900): (n, n << 28)}


def test_a_hub_of_a_million_rows_and_one_cluster_that_holds_everything():
    n = 1_000_000
    units = np.concatenate((np.zeros(n, np.uint64), np.arange(n, dtype=np.uint64), np.array([5, 6], np.uint64)))
    clusters = np.concatenate((np.arange(n) % 3000, np.full(n, 3000), np.array([1, 1])))
    counts = count(units, clusters, 3001)
    assert as_python(counts)[2] == {(1, 3000): (2, 2 << 28)}


def test_fifty_thousand_clusters_need_no_table_of_all_pairs():
    rng = np.random.default_rng(2)
    rows = [
        (int(u), int(c)) for u, c in zip(rng.integers(0, 40_000, 90_000), rng.integers(0, 50_000, 90_000), strict=True)
    ]
    kept, degrees, pairs = by_sets(rows, 50_000, 200)
    counts = as_python(count(*codes(rows), 50_000, threads=2))
    assert counts == (kept, degrees, pairs)


@pytest.mark.parametrize(
    ("units", "clusters", "number", "words"),
    [
        (np.array([1.5, 2.0]), np.array([0, 1]), 2, "units must form one row of integers, not float64"),
        (np.array(["a", "b"]), np.array([0, 1]), 2, "units must form one row of integers"),
        (np.array([[1, 2]]), np.array([[0, 1]]), 2, "do not fit|one row"),
        (np.array([1, 2]), np.array([0, 1, 1]), 2, "do not fit"),
        (np.array([1, 2]), np.array([0.0, 1.0]), 2, "clusters must form one row of integers"),
        (np.array([1, 2]), np.array([0, 2]), 2, "cluster 2 lies outside 0 to 1"),
        (np.array([1, 2]), np.array([0, 2], dtype=np.uint16), 2, "cluster 2 lies outside 0 to 1"),
        (np.array([1, 2]), np.array([0, -1]), 2, "cluster -1 lies outside"),
        (np.array([1, 2]), np.array([0, 2**32]), 2, "cluster 4294967296 lies outside"),
        (np.array([1, 2]), np.array([0, 2**32 - 1], dtype=np.uint32), 2, "lies outside"),
        (np.array([1, 2]), np.array([0, 1]), 2**20 + 1, "more than the 1048576"),
        (np.array([1, 2]), np.array([0, 1]), -1, "-1 clusters"),
        (np.array([], dtype=object), np.array([]), 0, "one row of integers"),
    ],
)
def test_a_wrong_array_is_an_error_and_never_a_crash(units, clusters, number, words, engine):
    with pytest.raises(ValueError, match=words):
        count(units, clusters, number)


def test_wrong_settings_are_errors(engine):
    units, clusters = codes([(1, 0), (1, 1)])
    for cut in (0, -1, 2**16):
        with pytest.raises(ValueError, match="degree cut"):
            count(units, clusters, 2, degree_cut=cut)
    with pytest.raises(ValueError, match="threads"):
        count(units, clusters, 2, threads=0)
    with pytest.raises(ValueError, match="passes"):
        Collector(2, 2, passes=0)
    with pytest.raises(ValueError, match="pass 1 of 2 is not the last"):
        Collector(2, 2, passes=2).graph()


def screen(clusters, least=2**28):
    return Screen(class_of=np.zeros(clusters, np.uint32), least=np.full((1, 1), least))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Screen(np.array([0, 0, 1], np.uint32), np.ones((1, 1), np.int64)), "class of every cluster"),
        (Screen(np.array([0, 0], np.uint32), np.ones((1, 1), np.int64)), "class of every cluster"),
        (Screen(np.array([0, 0, 0], np.uint32), np.ones((1, 2), np.int64)), "square table"),
        (Screen(np.array([0, 0, 0], np.uint32), np.ones(1, np.int64)), "square table"),
    ],
)
def test_a_screen_that_does_not_fit_is_an_error(wrong, words, engine):
    collector = Collector(3, 2)
    collector.add(*codes([(1, 0), (1, 1)]))
    with pytest.raises(ValueError, match=words):
        collector.graph().told(wrong)


@given(ROWS, st.lists(st.integers(0, 2), min_size=9, max_size=9), st.lists(st.integers(0, 4), min_size=9, max_size=9))
@settings(deadline=None, max_examples=60)
def test_a_screen_leaves_the_pairs_that_are_rare_enough_for_their_classes_and_counts_the_others(rows, classes, table):
    least = np.array(table, np.int64).reshape(3, 3) << 27
    rule = Screen(np.array(classes, np.uint32), np.maximum(least, least.T))
    collector = Collector(9, len(rows))
    collector.extend(*codes(rows))
    pairs, sharing = collector.graph(CUT).told(rule, 2)
    every = by_sets(rows, 9, CUT)[2]
    found = zip(*(each.tolist() for each in (pairs.a, pairs.b, pairs.count, pairs.rarity)), strict=True)
    assert {(a, b): (n, r) for a, b, n, r in found} == {
        (a, b): sums for (a, b), sums in every.items() if sums[1] >= rule.least[classes[a], classes[b]]
    }
    assert sharing == len(every)


def test_all_entries_in_the_order_of_mixed_units(engine):
    rng = np.random.default_rng(4)
    units, clusters = rng.integers(0, 2**63, 60, dtype=np.uint64)[rng.integers(0, 60, 900)], rng.integers(0, 40, 900)
    collector = Collector(40, 900)
    collector.extend(units, clusters)
    entries = collector.entries()
    held = defaultdict(set)
    for unit, cluster in zip(kernel.mixed(units).tolist(), clusters.tolist(), strict=True):
        held[unit].add(cluster)
    assert entries.units.tolist() == sorted(held)
    spans = zip(entries.start[:-1].tolist(), entries.start[1:].tolist(), strict=True)
    assert [entries.members[i:j].tolist() for i, j in spans] == [sorted(held[unit]) for unit in sorted(held)]


# --- compiled at installation -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not build_hook().compilers(), reason="no C compiler here")
def test_the_library_in_use_is_made_from_the_present_source():
    assert compiled.name() == "compiled", "run: python hatch_build.py"


def test_without_a_compiler_the_build_says_so_and_goes_on(tmp_path, monkeypatch):
    hook = build_hook()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert "no C compiler" in hook.compile_kernel(library=tmp_path / "k.so")
    assert not (tmp_path / "k.so").exists()


@pytest.mark.skipif(not build_hook().compilers(), reason="no C compiler here")
def test_a_source_that_does_not_compile_leaves_no_library(tmp_path):
    (tmp_path / "broken.c").write_text("int f( {", "ascii")
    reason = build_hook().compile_kernel((tmp_path / "broken.c",), tmp_path / "k.so")
    assert "error" in reason or "exit" in reason or reason
    assert [each.name for each in tmp_path.iterdir()] == ["broken.c"]


_SANITISED = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from consilience.overlap import compiled, kernel, ranking
library = compiled.load(sys.argv[1])
compiled.loaded_library = lambda: library
from test_overlap_kernel import by_sets, as_python, codes, heavy, screen
rng = np.random.default_rng(0)
for clusters, cut, high in ((1, 5, 9), (9, 3, 30), (40, 200, 2**63), (3000, 7, 900)):
    rows = list(zip(rng.integers(0, high, 900).tolist(), rng.integers(0, clusters, 900).tolist()))
    for threads in (1, 3):
        counts = kernel.count(*codes(rows), clusters, degree_cut=cut, threads=threads)
        assert as_python(counts) == by_sets(rows, clusters, cut)
kernel.count(*heavy(60_000, 500), 500, threads=2)
collector = kernel.Collector(500, 60_000, passes=2)
collector.extend(*heavy(60_000, 500)); collector.next_pass(200); collector.extend(*heavy(60_000, 500))
graph = collector.graph(); graph.told(screen(clusters=500), 2)
for limit in (0.05, 1.0):
    ranking.rank(graph, limit=limit, threads=2)
collector = kernel.Collector(500, 9); collector.extend(*heavy(9_000, 500)); collector.entries()
n = 70_000  # beyond one accumulator of rarity
kernel.count(np.tile(np.arange(n), 2), np.repeat([0, 1], n), 2)
for clusters in (np.array([0, 5], np.uint16), np.array([0, 2**32 - 1], np.uint32)):
    try:
        kernel.count(np.array([1, 2]), clusters, 5)
    except ValueError:
        continue
    raise SystemExit("a cluster out of range was taken")
print("clean")
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc and its sanitisers")
def test_the_sanitisers_find_nothing(tmp_path, monkeypatch):
    hook = build_hook()
    monkeypatch.setenv("CC", "gcc")
    flags = (*hook.FLAGS, "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    reason = hook.compile_kernel(library=tmp_path / "checked.so", flags=flags)
    preload = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    if reason or "/" not in preload.stdout:
        pytest.skip(f"gcc has no sanitisers here: {reason}")
    environment = os.environ | {"LD_PRELOAD": preload.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [sys.executable, "-c", _SANITISED, str(tmp_path / "checked.so"), str(ROOT / "tests")],
        capture_output=True, text=True, check=False, env=environment, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "clean"), done.stderr[-3000:]
