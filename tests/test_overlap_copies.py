"""Reports that repeat one another: which are found, in which direction, and that a copy changes no answer."""

import itertools
import tarfile
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conftest import shared
from consilience.formats.context import ReadContext
from consilience.formats.ioc_list import read
from consilience.overlap.copies import CopyRules, find_copies, longest_rising
from consilience.overlap.pairs import COLUMNS, OverlapSettings, compare, is_linked
from consilience.overlap.report_keys import key_of
from consilience.overlap.verdict import verdict

SETTINGS = OverlapSettings()


def listing(report, values, day="", cluster="a", source="feed", first="", last=""):
    rest = {"unit_type": "domain-name", "listed": "", "type": "domain-name", "first": first, "last": last}
    same = rest | {"cluster": cluster, "source": source, "report": report, "reported": day}
    return [same | {"unit_value": value, "value": value} for value in values]


def table(*listings):
    rows = [row for each in listings for row in each]
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in COLUMNS})


def names(letters):
    return [f"{letter}.example" for letter in letters]


def crowd(clusters=12):
    """Other clusters, each sharing a little with the next: what makes chance estimable."""
    return [
        listing(f"crowd {at}", [f"c{(7 * at + step) % 40}.test" for step in range(3)], cluster=f"other{at}")
        for at in range(clusters)
    ]


# --- what is taken for a copy -----------------------------------------------------------------------------------------

RULES = [
    # the first report     the second            rule           why
    ("dbca", "dbca", "same-list"),  # the very same list
    ("dbcaehgf", "dbcaehg", "same-list"),  # one value was lost on the way
    ("dbc", "dbc", "same-list"),  # three values are the least
    ("db", "db", ""),  # two values of two: two independent looks at one server may give as much
    ("dbcae", "xdybzcvawe", "contained"),  # a collection took all of it
    ("dbca", "xdybzcva", "same-order"),  # fewer values, but in their order
    ("dbca", "xaybzcvd", ""),  # the same values in another order: not enough of them
    ("abcd", "wabxycdz", ""),  # the order is the alphabet's, which says nothing
    ("gdbcahe", "gdwxbyzuvct", "same-order"),  # half of the shorter one, in its order
    ("dbcaehgf", "xdybzuvwst", ""),  # two values in common
    ("dbca", "wxyz", ""),
]


@pytest.mark.parametrize(("one", "other", "rule"), RULES)
def test_which_lists_repeat_one_another(one, other, rule):
    early, late = listing("r/1", names(one), "2024-01-10"), listing("r/2", names(other), "2024-03-02", source="relay")
    for rows in (table(early, late), table(late, early)):
        found = find_copies(rows).derivations
        assert [each.rule for each in found] == ([rule] if rule else [])
        assert all((each.report, each.repeats, each.sure) == ("r/2", "r/1", True) for each in found)


def test_the_figures_that_an_analyst_is_shown():
    (found,) = find_copies(
        table(listing("r/1", names("dbca"), "2024-01"), listing("r/2", names("xdybzcva"), "2024-03"))
    ).derivations
    assert msgspec.structs.asdict(found) == {
        "report": "r/2", "repeats": "r/1", "rule": "same-order", "shared": 4, "values": 8, "others": 4, "order": 1.0,
        "sure": True,
    }  # fmt: skip


def test_numbers_in_order_are_a_sorted_list_too():
    one = [f"10.0.0.{at}" for at in (2, 9, 10, 11)]
    other = ["9.9.9.1", *one, "11.0.0.1", "11.0.0.2", "11.0.0.3"]
    assert not find_copies(table(listing("r/1", one), listing("r/2", other))).derivations


@pytest.mark.parametrize(
    ("one", "other", "origin", "sure"),
    [
        ("2024-01-10", "2024-03-02", "r/1", True),
        ("2024-03-02", "2024-01-10", "r/2", True),
        ("2024", "2025-01", "r/1", True),
        ("2024", "2024-06-01", "r/1", False),  # the year may be any of its days
        ("2024-06-01", "2024-06-01", "r/1", False),
        ("", "2024-06-01", "r/2", False),  # counted under the one that has a date, called the copy of neither
        ("", "", "r/1", False),
        ("soon", "2024-06-01", "r/2", False),
    ],
)
def test_the_one_that_surely_appeared_first_is_the_origin(one, other, origin, sure):
    values = names("dbca")
    copies = find_copies(table(listing("r/1", values, one), listing("r/2", values, other)))
    assert [each.sure for each in copies.derivations] == [sure]
    assert {copies.origin(report, "domain-name", "d.example") for report in ("r/1", "r/2")} == {origin}


def test_a_copy_counts_for_what_it_repeats_only():
    copies = find_copies(table(listing("r/1", names("dbcae"), "2024-01"), listing("r/2", names("dbcaex"), "2024-03")))
    assert copies.origin("r/2", "domain-name", "d.example") == "r/1"
    assert copies.origin("r/2", "domain-name", "x.example") == "r/2"
    assert copies.origin("elsewhere", "domain-name", "d.example") == "elsewhere"


def test_a_chain_of_copies_goes_back_to_its_first_report_and_a_collection_joins_nobody():
    one, other = names("dbcae"), names("mlkoni")
    chain = [listing(f"r/{step}", one, f"2024-0{step}") for step in range(1, 6)]
    rows = table(*chain, listing("s/1", other, "2024-02"), listing("all", [*one, *other], "2024-09"))
    copies = find_copies(rows)
    assert {copies.origin(f"r/{step}", "domain-name", "d.example") for step in range(1, 6)} == {"r/1"}
    assert copies.origin("all", "domain-name", "d.example") == "r/1"
    assert copies.origin("all", "domain-name", "m.example") == copies.origin("s/1", "domain-name", "m.example") == "s/1"


def test_a_hundred_feeds_that_relay_one_list_are_one_origin():
    relays = [listing(f"relay/{at}", names("dbca"), f"2024-02-{at % 28 + 1:02}", source=f"f{at}") for at in range(100)]
    copies = find_copies(table(listing("r/1", names("dbca"), "2024-01"), *relays))
    assert {copies.origin(f"relay/{at}", "domain-name", "b.example") for at in range(100)} == {"r/1"}
    assert len(copies.derivations) <= 8 * 100  # never the square of the relays


# --- explicit references ----------------------------------------------------------------------------------------------


def test_a_report_that_names_another_repeats_it_whatever_it_shares():
    rows = table(listing("https://relay.example/x", names("dx")), listing("https://www.first.example/y/", names("dy")))
    named = [("relay.example/x", "first.example/y")]
    (found,) = find_copies(rows, named).derivations
    assert (found.report, found.repeats, found.rule, found.sure) == (*named[0], "reference", True)
    copies = find_copies(rows, named)
    assert copies.origin("relay.example/x", "domain-name", "d.example") == "first.example/y"
    assert copies.origin("relay.example/x", "domain-name", "x.example") == "relay.example/x"
    assert not find_copies(rows).derivations


def test_one_address_in_two_spellings_is_one_report_and_a_source_can_be_named_as_the_report():
    assert key_of("a", "https://www.R.example/x/#top") == key_of("b", "http://r.example/x") == "r.example/x"
    rows = table(listing("", names("d"), source="CERT-X"), listing("cert-x", names("d"), source="relay"))
    assert find_copies(rows).origin("cert-x", "domain-name", "d.example") == "CERT-X: report not stated"


# --- the law: a copy adds nothing, an independent report adds ---------------------------------------------------------

LETTERS = "bfdhacegij"
REPORTS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.permutations(LETTERS).flatmap(lambda order: st.integers(3, 8).map(lambda size: order[:size])),
        st.integers(1, 9),
        st.sampled_from(["", "2023-05", "2023-12-24"]),
    ),
    min_size=2,
    max_size=6,
)


def figures(rows):
    (pair,) = (each for each in compare(rows, SETTINGS, (("a", "b"),)) if each.unit == "all")
    weights = {
        each.value: (each.decibans, each.parts, each.gap_days, each.first_a, each.last_b) for each in pair.shared
    }
    return pair.origins, pair.weight, pair.families, pair.q_value, verdict(pair, SETTINGS), weights


@given(REPORTS, st.integers(0, 5), st.sampled_from(["same order", "turned round", "one lost", "in a collection"]))
@settings(deadline=None, max_examples=100)
def test_a_copied_report_adds_nothing(reports, which, how):
    made = [
        listing(f"r/{at}", names(values), f"2024-0{month}", cluster, first=used)
        for at, (cluster, values, month, used) in enumerate(reports)
    ]
    made += [listing("only a", names("vw"), "2024-01", "a"), listing("only b", names("tu"), "2024-01", "b")]
    cluster, values, _, _ = reports[which % len(reports)]
    copy = names(values)
    if how == "turned round":
        copy.reverse()
    elif how == "one lost" and len(copy) > 5:
        copy.pop()
    elif how == "in a collection" and len(copy) >= 5:
        copy = [*copy[:2], "more.test", *copy[2:], *(f"n{at}.test" for at in range(9))]
    relay = listing("relay/1", copy, "2025-02", cluster, source="relay", first="2025-01-30")
    known, copies = find_copies(table(*made)), find_copies(table(*made, relay))
    own = {f"r/{which % len(reports)}"}
    own |= {
        key for each in known.derivations for key in (each.report, each.repeats) if {each.report, each.repeats} & own
    }
    # What was changed may look like a copy of another report as well: then it is not this one's copy alone.
    assume({each.repeats for each in copies.derivations if each.report == "relay/1"} <= own)
    assert figures(table(*made, relay, *crowd())) == figures(table(*made, *crowd()))


def test_an_independent_report_adds_an_origin_and_a_copied_one_does_not():
    known = [listing("r/a", names("dbcauvwx"), "2024-01", "a"), listing("r/b", names("dbmnop"), "2024-01", "b")]
    own = [listing("s/a", names("hk"), "2024-02", "a", "s"), listing("s/b", names("hl"), "2024-02", "b", "s")]
    copied = [
        listing("t/a", names("dbcauvwx"), "2024-02", "a", "t"),
        listing("t/b", names("dbmnop"), "2024-02", "b", "t"),
    ]
    base = [*known, *crowd()]
    assert figures(table(*base))[0] == 1
    assert figures(table(*base, *copied))[0] == 1
    assert figures(table(*base, *own))[0] == 2


def test_the_same_list_under_two_clusters_is_one_report_filed_twice():
    rows = table(
        listing("r/1", names("dbcae"), "2024-01", "a"), listing("r/2", names("dbcae"), "2024-03", "b"), *crowd()
    )
    (pair,) = (each for each in compare(rows, SETTINGS, (("a", "b"),)) if each.unit == "all")
    assert pair.observed == 5
    assert pair.weight == 0.0
    assert not is_linked(pair, SETTINGS)
    assert {each.parts[-1].name for each in pair.shared} == {"same-report"}
    assert {each.parts[-1].params["origin"] for each in pair.shared} == {"r/1"}


# --- measures ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 9), max_size=9))
def test_the_longest_rising_part(numbers):
    best = 0
    for chosen in range(1 << len(numbers)):
        part = [number for at, number in enumerate(numbers) if chosen >> at & 1]
        if all(one < other for one, other in itertools.pairwise(part)):
            best = max(best, len(part))
    assert longest_rising(numbers) == best


def test_no_rows_and_rows_without_report_give_no_copies():
    assert find_copies(table()).derivations == ()
    assert find_copies(table(listing("", names("dbca")), listing("", names("dbca")))).derivations == ()


@pytest.fixture(scope="module")
def maltrail():
    columns = {name: [] for name in ("cluster", "source", "report", "reported", "type", "value")}
    with tarfile.open(shared("maltrail", "maltrail-apt-2026-01-03.tar.xz")) as archive:
        for member in archive:
            if member.isfile():
                for each in read(
                    archive.extractfile(member).read(), ReadContext(name=Path(member.name).name)
                ).observations:
                    for name, column in columns.items():
                        column.append(getattr(each, name))
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})


@pytest.mark.slow
def test_maltrail_reports_that_are_known_to_be_one(maltrail):
    found = {(each.report, each.repeats): each for each in find_copies(maltrail).derivations}
    pairs = {frozenset(pair) for pair in found}
    moved = [
        # one report at its old and its new address
        "researchcenter.paloaltonetworks.com/2017/02/unit-42-title-gamaredon-group-toolset-evolution",
        "unit42.paloaltonetworks.com/unit-42-title-gamaredon-group-toolset-evolution",
    ]
    assert frozenset(moved) in pairs
    # a vendor's list and its article
    assert any({"github.com/eset/malware-ioc/tree/master/nukesped_lazarus"} <= pair for pair in pairs)
    assert Counter(each.rule for each in found.values())["contained"] > 20
    assert not find_copies(maltrail, rules=CopyRules(same_list=2, contained=2, same_order=2)).derivations
