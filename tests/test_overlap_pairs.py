"""Who shares what with whom: small tables with a known answer, laws, and Maltrail's lists as a whole."""

import tarfile
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.errors import UnknownNameError
from consilience.formats.context import ReadContext
from consilience.formats.ioc_list import read
from consilience.knowledge.background import load
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.knowledge.infrastructure import overlap_units
from consilience.overlap.background import against_background
from consilience.overlap.pairs import COLUMNS, OverlapSettings, compare, is_linked
from consilience.overlap.shared import Use, explain, independent_origins, smallest_gap, tenancy

SETTINGS = OverlapSettings()
MALTRAIL = Path(__file__).parents[2] / "shared" / "data" / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"


def row(cluster, value, unit="ipv4-addr", **fields):
    defaults = {"listed": "", "source": "feed", "report": f"https://{cluster}.example/{value}", "first": "", "last": ""}
    given_ = defaults | {"reported": "", "type": unit, "value": value} | fields
    return {"cluster": cluster, "unit_type": unit, "unit_value": value} | given_


def unit_of(cluster, unit, unit_value, type_, value, listed=""):
    return row(cluster, unit_value, unit, listed=listed) | {"type": type_, "value": value}


def table(*rows):
    return pa.table({name: pa.array([each[name] for each in rows], pa.string()) for name in COLUMNS})


def crowd(clusters, seed=1):
    """Other clusters, each sharing a little with the next: what makes chance estimable."""
    rng = np.random.default_rng(seed)
    return [row(f"other{i}", f"10.1.{v}.1") for i in range(clusters) for v in rng.choice(40, 6, replace=False).tolist()]


def pair_of(observations, a, b, unit="ipv4-addr", **changes):
    found = compare(observations, OverlapSettings(**changes), ((a, b),))
    return next(each for each in found if each.unit == unit)


# --- counting ---------------------------------------------------------------------------------------------------------


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 12)), max_size=50))
@settings(deadline=None, max_examples=60)
def test_counts_are_those_of_the_sets(held):
    sets = defaultdict(set)
    for cluster, value in held:
        sets[f"c{cluster}"].add(f"10.0.0.{value}")
    found = compare(table(*(row(c, v) for c, values in sets.items() for v in values)), SETTINGS)
    counted = {(each.a, each.b): each.observed for each in found if each.unit == "ipv4-addr"}
    assert counted == {(a, b): len(sets[a] & sets[b]) for a, b in combinations(sorted(sets), 2) if sets[a] & sets[b]}
    for each in found:
        assert each.shared_total == each.observed == len(each.shared)
        assert each.pairs_tested == len(sets) * (len(sets) - 1) // 2
        assert 0.0 <= each.p_value <= each.q_value <= 1.0


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_neither_the_order_of_rows_nor_repeats_matter(random):
    rows = [row("a", f"10.0.0.{i}") for i in range(4)] + [row("b", f"10.0.0.{i}") for i in range(3)] + crowd(5)
    first = compare(table(*rows), SETTINGS)
    shuffled = rows + random.sample(rows, 6)
    random.shuffle(shuffled)
    again = compare(table(*shuffled), SETTINGS)
    assert [(each.a, each.b, each.unit, each.q_value, each.score, each.shared) for each in again] == [
        (each.a, each.b, each.unit, each.q_value, each.score, each.shared) for each in first
    ]


def test_one_observation_counts_once_in_all_units_together():
    paste = ("url", "https://paste.example/x1", "paste site (paste)")
    both = [
        unit_of(cluster, *rest)
        for cluster in ("a", "b")
        for rest in (
            ("ipv4-addr", "198.51.100.7", "ipv4-addr", "198.51.100.7"),
            ("network", "198.51.100.0/24", "ipv4-addr", "198.51.100.7"),
            ("host", "mail.evil.example", "domain-name", "mail.evil.example"),
            ("domain-name", "evil.example", "domain-name", "mail.evil.example"),
            # a service on a list: its users are told apart by what stands behind its name
            ("url", "paste.example/x1", *paste),
            ("domain-name", "paste.example", *paste),
        )
    ]
    found = {each.unit: each for each in compare(table(*both, *crowd(4)), SETTINGS, (("a", "b"),))}
    assert {unit: each.observed for unit, each in found.items()} == {
        "ipv4-addr": 1,
        "network": 1,
        "host": 1,
        "domain-name": 2,
        "url": 1,
        "all": 3,
    }
    assert {each.value for each in found["all"].shared} == {"198.51.100.7", "evil.example", "paste.example/x1"}


def test_a_pair_that_shares_nothing_is_told_so_and_a_stranger_refused():
    observations = table(row("a", "10.0.0.1"), row("b", "10.0.0.2"), *crowd(4))
    none = pair_of(observations, "a", "b")
    assert (none.observed, none.p_value, none.q_value, none.shared, none.origins) == (0, 1.0, 1.0, (), 0)
    with pytest.raises(ValueError, match="nobody"):
        compare(observations, SETTINGS, (("a", "nobody"),))
    with pytest.raises(ValueError, match="itself"):
        compare(observations, SETTINGS, (("a", "a"),))
    with pytest.raises(ValueError, match="lacks listed"):
        compare(observations.drop_columns(["listed"]), SETTINGS)


def test_an_empty_table_has_no_pairs():
    assert compare(table(), SETTINGS) == ()


# --- against chance ---------------------------------------------------------------------------------------------------


def test_a_planted_overlap_is_a_link_and_two_large_neighbours_are_not():
    rng = np.random.default_rng(3)
    rows = crowd(30)
    rows += [row("big1", f"10.1.{v}.1") for v in rng.choice(40, 22, replace=False).tolist()]
    rows += [row("big2", f"10.1.{v}.1") for v in rng.choice(40, 22, replace=False).tolist()]
    rows += [row(name, f"10.9.{v}.1") for name in ("twin1", "twin2") for v in range(7)]
    observations = table(*rows)
    planted, neighbours = pair_of(observations, "twin1", "twin2"), pair_of(observations, "big1", "big2")
    assert neighbours.observed > planted.observed  # the naive count gets it wrong
    assert is_linked(planted, SETTINGS)
    assert neighbours.p_value > 0.05
    assert not is_linked(neighbours, SETTINGS)


def test_one_exclusive_value_is_a_lead_and_never_a_link():
    pair = pair_of(table(row("a", "203.0.113.9"), row("b", "203.0.113.9"), *crowd(30)), "a", "b", fdr=1.0)
    assert pair.shared[0].decibans > 10
    assert not is_linked(pair, OverlapSettings(fdr=1.0))


def test_many_values_from_one_report_on_each_side_are_a_lead():
    rows = [row(c, f"10.9.{v}.1", report=f"https://{c}.example/only") for c in "ab" for v in range(9)]
    pair = pair_of(table(*rows, *crowd(30)), "a", "b")
    assert pair.q_value < SETTINGS.fdr
    assert (pair.origins, is_linked(pair, SETTINGS)) == (1, False)


def test_a_hub_is_left_out_of_the_test_and_named():
    rows = [row(f"c{i:03}", "10.0.0.1") for i in range(30)] + [row("c000", "10.0.0.2"), row("c001", "10.0.0.2")]
    pair = pair_of(table(*rows), "c000", "c001", degree_cut=20)
    assert (pair.observed, pair.shared_total) == (1, 2)
    hub = next(each for each in pair.shared if each.value == "10.0.0.1")
    assert hub.decibans == 0.0
    assert "hub" in {part.name for part in hub.parts}


def test_beyond_the_limit_pairs_come_with_figures_only():
    rows = [row(c, f"10.9.{v}.1") for c in "ab" for v in range(5)]
    found = [each for each in compare(table(*rows, *crowd(30)), OverlapSettings(explained=5)) if each.unit == "all"]
    assert (found[0].a, found[0].b, len(found[0].shared), found[0].origins) == ("a", "b", 5, 5)
    assert {(each.shared, each.origins) for each in found[1:]} == {((), 0)}
    assert all(each.shared_total == each.observed for each in found)


def test_a_cluster_with_a_million_addresses_is_compared_in_seconds():
    addresses = pa.array([f"{i >> 16}.{i >> 8 & 255}.{i & 255}.1" for i in range(1_000_000)])
    n = len(addresses)
    same = {name: pa.array([""] * n) for name in ("listed", "report", "first", "last", "reported")}
    large = {"cluster": pa.array(["whole internet"] * n), "unit_type": pa.array(["ipv4-addr"] * n)}
    large |= {"unit_value": addresses, "source": pa.array(["scan"] * n), "type": pa.array(["ipv4-addr"] * n)}
    observations = pa.table(large | same | {"value": addresses})
    observations = pa.concat_tables([observations.select(COLUMNS), table(*(row("a", f"0.0.{v}.1") for v in range(9)))])
    pair = pair_of(observations, "a", "whole internet")
    assert (pair.observed, pair.p_value) == (9, 1.0)


# --- the weight of one shared value -----------------------------------------------------------------------------------


def use(report, first="", last="", reported="", listed="", source="feed"):
    return Use(source, report, first, last, reported, listed, "ipv4-addr", "198.51.100.7")


def weigh(uses_a, uses_b, unit="ipv4-addr", prevalence=2):
    return explain(unit, prevalence, uses_a, uses_b, value="198.51.100.7", degree_cut=200)


DATES = st.sampled_from(
    ["", "2024", "2025-02", "2025-07-24", "2025-07-28T10:00:00Z", "2031-01-01", "2025-13-40", "soon"]
)
USES = st.lists(
    st.builds(
        use, st.sampled_from(["", "https://r.example/1", "https://r.example/2", "x"]), DATES, DATES, DATES,
        st.sampled_from(["", "hosting"]),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@given(USES, USES, st.sampled_from([*WEIGHTS.row_of_unit, "new-unit"]), st.integers(2, 400))
@settings(deadline=None)
def test_the_parts_add_up_and_the_weight_stays_in_bounds(uses_a, uses_b, unit, prevalence):
    shared = weigh(uses_a, uses_b, unit, prevalence).shared
    assert shared.decibans == round(sum(part.decibans for part in shared.parts), 2)
    assert 0.0 <= shared.decibans <= 25.23
    dates = [part.params["dates"] for part in shared.parts if part.name == "dates-unknown"]
    assert (shared.gap_days is None) == bool(dates)
    swapped = weigh(uses_b, uses_a, unit, prevalence).shared
    assert swapped.decibans == shared.decibans


@pytest.mark.parametrize(
    ("dates_a", "dates_b", "gap", "known"),
    [
        (("2025-07-24", "2025-07-24", ""), ("2025-07-28", "", ""), 3.0, "known"),  # midnight to midnight
        (("2025-07", "", ""), ("2025-07-28", "", ""), 0.0, "known"),  # a month may mean any of its days
        (("", "", "2025-01-01"), ("2025-03-02", "", "2026"), 59.0, "known"),  # reported, where no use is dated
        (("", "", ""), ("2025-07-28", "", ""), None, "unknown"),
        (("2025-08-01", "2025-07-01", ""), ("2025-07-28", "", ""), None, "contradictory"),
        (("31/07/2025", "", ""), ("2025-07-28", "", ""), None, "contradictory"),
        (("2031-01-01", "", ""), ("2031-01-01", "", ""), 0.0, "known"),  # a date to come is a date: no clock here
    ],
)
def test_the_gap_between_two_uses(dates_a, dates_b, gap, known):
    found, state = smallest_gap(tenancy([use("a", *dates_a)]), tenancy([use("b", *dates_b)]))
    assert state == known
    assert found == (None if gap is None else pytest.approx(gap, abs=0.001))


def test_an_address_loses_half_its_weight_in_two_months_and_a_name_in_four_and_a_half():
    now, later = [use("a", "2025-01-01", "2025-01-01")], [use("b", "2025-03-03", "2025-03-03")]
    at_once = [use("b", "2025-01-01", "2025-01-01")]
    assert weigh(now, later).shared.gap_days == pytest.approx(60, abs=0.01)
    assert weigh(now, later).shared.decibans == pytest.approx(weigh(now, at_once).shared.decibans / 2, abs=0.01)
    name = weigh(now, later, unit="host").shared.decibans / weigh(now, at_once, unit="host").shared.decibans
    assert name == pytest.approx(0.5 ** (60 / 135), abs=0.01)


def test_a_listed_address_and_a_common_one_weigh_less():
    plain = weigh([use("a")], [use("b")]).shared.decibans
    listed = weigh([use("a", listed="hosting (vps)")], [use("b")]).shared
    assert listed.decibans < plain
    assert listed.discount == "hosting (vps)"
    assert weigh([use("a")], [use("b")], prevalence=10).shared.decibans < plain


def test_a_report_that_gives_a_value_to_both_sides_is_a_copy():
    twice = weigh([use("https://www.r.example/x/")], [use("http://r.example/x")])
    assert twice.copied
    assert (twice.shared.decibans, twice.shared.parts[-1].name) == (0.0, "same-report")
    more = weigh([use("https://r.example/x"), use("https://r.example/a")], [use("https://r.example/x"), use("q")])
    assert not more.copied
    assert more.shared.decibans > 0


@pytest.mark.parametrize(
    ("links", "origins"),
    [
        ([], 0),
        ([("r1", "s1")] * 5, 1),  # five values, one report on each side
        ([("r1", "s1"), ("r1", "s2"), ("r1", "s3")], 1),  # all fall with r1
        ([("r1", "s1"), ("r2", "s2")], 2),
        ([("r1", "s1"), ("r1", "s2"), ("r2", "s2"), ("r3", "s3")], 3),
        ([("r1", "r2"), ("r2", "r1")], 1),  # the same two reports the other way round
        ([("same", "same")] * 5, 1),  # the report of OilRig filed under Reaper as well
        ([("same", "same"), ("r1", "s1")], 1),
        ([("", ""), ("", "")], 1),  # reports not stated: taken as one
    ],
)
def test_independent_origins(links, origins):
    assert independent_origins([weigh([use(a)], [use(b)]) for a, b in links]) == origins


# --- against a public background --------------------------------------------------------------------------------------


def test_the_background_in_the_package():
    backgrounds = {each.unit: each for each in load()}
    assert set(backgrounds) == {"ipv4-addr", "network", "host", "domain-name"}
    for each in backgrounds.values():
        assert sum(each.clusters.values()) == each.total
        # every value with d holders gives d(d-1)/2 shared pairs
        assert 2 * sum(each.shared.values()) == each.sum_d_dm1


def test_gamaredon_and_lazarus_share_networks_at_chance_level():
    background = next(each for each in load() if each.unit == "network")
    pair = against_background("Gamaredon", "Lazarus", None, background)
    assert pair.observed >= 1
    assert pair.expected == pytest.approx(pair.observed, rel=0.6)
    assert pair.p_value > 0.3
    assert not is_linked(pair, SETTINGS)
    assert pair.population == "Maltrail APT lists, 2026-01-03, 331 lists"


def test_the_cases_own_count_can_be_put_in_place_of_the_lists():
    background = next(each for each in load() if each.unit == "network")
    many, few = (against_background("apt_gamaredon"[4:], "LAZARUS", n, background) for n in (30, 1))
    assert many.q_value < 0.001 < few.q_value
    with pytest.raises(UnknownNameError, match="nobody"):
        against_background("Gamaredon", "nobody", 1, background)
    with pytest.raises(ValueError, match="itself"):
        against_background("Gamaredon", "gamaredon", 1, background)


@pytest.fixture(scope="module")
def maltrail():
    if not MALTRAIL.exists():
        pytest.skip("Maltrail's lists are not beside the project")
    columns = {name: [] for name in COLUMNS}
    with tarfile.open(MALTRAIL) as archive:
        for member in archive:
            if member.isfile():
                data = archive.extractfile(member).read()
                for each in read(data, ReadContext(name=Path(member.name).name)).observations:
                    for unit, value in overlap_units(each.type, each.value, ""):
                        rest = (each.source, each.report, each.first, each.last, each.reported, each.type, each.value)
                        for name, text in zip(COLUMNS, (each.cluster, unit, value, "", *rest), strict=True):
                            columns[name].append(text)
    return pa.table(columns)


@pytest.mark.slow
def test_maltrail_as_a_whole(maltrail):
    start = time.process_time()
    found = compare(maltrail, SETTINGS)
    assert time.process_time() - start < 3.0
    linked = {(each.a, each.b) for each in found if is_linked(each, SETTINGS)}
    assert {("bluenoroff", "lazarus"), ("37", "kimsuky"), ("23", "aridviper")} <= linked
    # One report of OilRig was filed under Reaper too: an error of curation that no null model can find.
    assert ("oilrig", "reaper") not in linked
    assert not {pair for pair in linked if set(pair) == {"gamaredon", "lazarus"}}
    networks = next(each for each in compare(maltrail, SETTINGS, (("gamaredon", "lazarus"),)) if each.unit == "network")
    assert networks.p_value > 0.05
