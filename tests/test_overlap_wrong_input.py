"""Wrong, hostile and empty input to overlap: what each changes, and where the answer says so."""

import resource
import time
from pathlib import Path

import pyarrow as pa
import pytest

from consilience.app.overlap_units import shareable_units
from consilience.app.overlapping import find_overlaps, refuse_beyond
from consilience.app.settings import Settings
from consilience.app.use_cases import add_paths
from consilience.errors import LimitError, UnknownNameError
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.overlap.copies import find_copies
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings, compare, is_linked
from consilience.overlap.verdict import Verdict, verdict

SETTINGS = OverlapSettings()
HEAD = "cluster,value,source,report,first,last,reported"


def line(cluster, value, source="osint", report="", first="", last="", reported=""):
    return f"{cluster},{value},{source},{report or f'https://{source}.example/{cluster}/{value}'},{first},{last},{reported}"


def crowd(clusters=32):
    """Other clusters, each sharing a little with the next: what makes chance estimable."""
    return [line(f"other{at}", f"185.{(7 * at + step) % 40}.17.9") for at in range(clusters) for step in range(3)]


@pytest.fixture
def told(tmp_path, cache):
    """Return a function that makes a workspace of the lines of a table and says what became of them."""

    def add(*lines):
        where = Settings(workspace=tmp_path / "workspace", cache=cache)
        (tmp_path / "rows.csv").write_text("\n".join([HEAD, *lines]) + "\n", "utf-8")
        return where, add_paths(where, [tmp_path / "rows.csv"])

    return add


def pair_of(where, unit=ALL_UNITS, a="A", b="B"):
    report = find_overlaps(where, a, b)
    return report, next((each for each in report.pairs if each.unit == unit), None)


# --- dates ------------------------------------------------------------------------------------------------------------

DATES = [
    # first, last and reported on side A     flags of A       gap    what the weight does
    ("2024-05-01", "2024-05-02", "2024-06-01", (), 0.0),
    # the reader says so and takes the dates off: what is left is the day of the report
    ("2024-05-02", "2024-05-01", "2024-06-01", ("reported-only-a",), 29.0),
    ("2031-01-01", "2031-01-02", "2024-06-01", ("future-a",), None),
    ("", "", "", ("unknown-a",), None),
    ("", "", "2024-06-01", ("reported-only-a",), 29.0),
    ("2024-05-01", "", "2024-06-01", ("open-a",), 0.0),
]


@pytest.mark.parametrize(("first", "last", "reported", "flags", "gap"), DATES)
def test_a_date_that_cannot_be_is_set_aside_and_flagged(told, first, last, reported, flags, gap):
    use = line("A", "198.51.101.7", first=first, last=last, reported=reported)
    where, _ = told(use, line("B", "198.51.101.7", first="2024-05-01", last="2024-05-02"), *crowd())
    _, pair = pair_of(where)
    (shared,) = pair.shared
    assert shared.dates == flags
    assert shared.gap_days == (None if gap is None else pytest.approx(gap, abs=1.0))
    names = [part.name for part in shared.parts]
    assert ("dates-unknown" in names) == (gap is None)
    assert ("decay" in names) == (gap is not None)


def test_a_use_that_ends_before_it_begins_is_said_when_it_is_read_and_counts_as_undated(told):
    where, added = told(
        line("A", "198.51.101.7", first="2024-05-02", last="2024-05-01"), line("B", "198.51.101.7"), *crowd()
    )
    assert [(each.place, each.reason) for each in added.rows[0].issues] == [
        ("row 2", "the period ends (2024-05-01) before it begins (2024-05-02)")
    ]
    report, pair = pair_of(where)
    assert report.compared.undated == report.compared.rows
    assert pair.shared[0].gap_days is None


# --- one observable in two spellings ----------------------------------------------------------------------------------

SPELLINGS = [
    ("evil-host.com", "EVIL-Host.COM"),
    ("evil-host.com", "evil-host.com."),
    ("evil-host.com", "evil-host[.]com"),
    ("evil-host.com", "evil-host。com"),
    ("xn--bcher-kva.com", "bücher.com"),
    ("198.51.101.7", "198[.]51[.]101[.]7"),
    ("2001:470:1f0b::7", "2001:0470:1F0B:0:0:0:0:7"),
    ("198.51.101.7", "::ffff:198.51.101.7"),
    ("http://evil-host.com/gate/index-77.php", "hxxp://EVIL-HOST[.]com/gate/index-77.php"),
    ("198.51.101.7:8443", "198.51.101.7:443"),  # the address is what is shared
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_two_spellings_are_one_value(told, one, other):
    where, _ = told(
        line("A", one, report="https://r.example/1"), line("B", other, report="https://s.example/2"), *crowd()
    )
    _, pair = pair_of(where)
    assert pair.observed == 1


@pytest.mark.parametrize("wrong", ["198.051.101.007", "198.51.101", "198.51.101.700"])
def test_what_is_no_address_is_refused_with_its_line_and_shares_nothing(told, wrong):
    where, added = told(line("A", wrong), line("A", "185.0.17.9"), line("B", "198.51.101.7"), *crowd())
    (row,) = added.rows
    assert any(issue.place == "row 2" and issue.lost for issue in row.issues)
    _, pair = pair_of(where)
    assert pair.observed == 0


# --- what everybody has -----------------------------------------------------------------------------------------------

NOBODYS = [
    "10.0.0.5",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.1.1",
    "0.0.0.0",
    "224.0.0.1",
    "100.64.0.1",
    "8.8.8.8",
    "fe80::1",
]


@pytest.mark.parametrize("address", NOBODYS)
def test_private_reserved_and_benign_addresses_link_nobody(told, address):
    where, _ = told(line("A", address), line("B", address), line("A", "185.0.17.9"), line("B", "185.5.17.9"), *crowd())
    _, pair = pair_of(where)
    assert (pair.observed, pair.shared) == (0, ())


RENTED = [
    # what many rent             its list
    ("144.172.112.106", "vpn-ipv4"),
    ("52.95.110.1", "amazon-aws"),
    ("104.16.1.1", "cloudflare"),
    ("vmi1234.contaboserver.net", "hosting-names"),
    ("t.me", "messaging-and-paste"),
]


@pytest.mark.parametrize(("value", "name"), RENTED)
def test_what_many_rent_is_weighed_down_and_not_dropped(told, value, name):
    plain = "198.51.101.7" if value[0].isdigit() else "evil-host.com"
    where, _ = told(*(line(cluster, each) for cluster in "AB" for each in (value, plain)), *crowd())
    _, pair = pair_of(where)
    weights = {each.value: each for each in pair.shared}
    assert weights[value].discount.endswith(f"({name})")
    assert weights[plain].discount == ""
    assert 0.0 < weights[value].decibans <= weights[plain].decibans
    listed = next(part.decibans for part in weights[value].parts if part.name == "listed")
    assert listed < 0.0 or "contaboserver" in value  # the whole name below a provider's is one customer's


@pytest.mark.parametrize("scanner", ["167.94.138.1", "104.155.11.149"])
def test_scanners_and_sinkholes_link_nobody(told, scanner):
    where, _ = told(*(line(cluster, each) for cluster in "AB" for each in (scanner, "198.51.101.7")), *crowd())
    _, pair = pair_of(where)
    assert [each.value for each in pair.shared] == ["198.51.101.7"]


def test_everything_benign_gives_no_pairs_and_says_how_many_rows_it_saw(told):
    where, _ = told(*(line(cluster, value) for cluster in "AB" for value in ("8.8.8.8", "10.0.0.1", "google.com")))
    report, pair = pair_of(where)
    assert pair is None
    assert report.compared.rows == 6
    assert find_overlaps(where).pairs == ()


def test_two_clusters_only_share_much_and_are_no_link(told):
    values = [f"198.51.{at}.7" for at in range(1, 9)]
    where, _ = told(*(line(cluster, value) for cluster in "AB" for value in values))
    every = find_overlaps(where)
    assert {each.observed for each in every.pairs if each.unit == ALL_UNITS} == {8}
    assert {each.p_value for each in every.pairs} == {1.0}  # nothing to compare them with
    assert not any(is_linked(each, SETTINGS) for each in every.pairs)
    assert {verdict(each, SETTINGS) for each in every.pairs} == {Verdict.CHANCE}
    named, _ = pair_of(where)
    assert not any(is_linked(each, SETTINGS) for each in named.pairs)


def test_an_empty_workspace_has_no_pairs_and_a_stranger_is_refused(told):
    where, _ = told(line("A", "198.51.101.7"))
    assert find_overlaps(where).pairs == ()
    with pytest.raises(UnknownNameError, match="'B'"):
        find_overlaps(where, "A", "B")


# --- one list of the whole Internet -----------------------------------------------------------------------------------


def everything(addresses=1_000_000):
    """One source that lists a million addresses, among which are all that anybody else has."""
    texts = [f"{(at >> 16) + 11}.{at >> 8 & 255}.{at & 255}.7" for at in range(addresses)]
    same = {"cluster": "whole internet", "source": "scan", "report": "scan", "type": "ipv4-addr"}
    columns = {name: pa.array([text]).take(pa.array([0] * addresses)) for name, text in same.items()}
    columns |= {name: pa.array([""]).take(pa.array([0] * addresses)) for name in ("first", "last", "reported")}
    rest = [
        {"cluster": cluster, "source": "osint", "report": f"r{at}", "type": "ipv4-addr", "value": texts[at * step]}
        | {"first": "", "last": "", "reported": ""}
        for cluster, step in [("A", 3), ("B", 3), *((f"other{n}", 7 + n) for n in range(12))]
        for at in range(9)
    ]
    names = ["cluster", "source", "report", "type", "first", "last", "reported", "value"]
    small = pa.table({name: pa.array([row[name] for row in rest]) for name in names})
    return pa.concat_tables([pa.table(columns | {"value": pa.array(texts)}).select(names), small])


@pytest.mark.slow
def test_a_cluster_that_lists_the_whole_internet_costs_seconds_and_links_nobody(cache):
    rows = everything()
    lists = open_shared_infrastructure(cache)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    copies = find_copies(rows)
    table = shareable_units(rows, lists)
    found = compare(table, SETTINGS, copies=copies)
    assert time.process_time() - start < 5.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000  # kB
    whole = [each for each in found if "whole internet" in (each.a, each.b) and each.unit == "ipv4-addr"]
    assert len(whole) == 14
    assert not any(is_linked(each, SETTINGS) for each in whole)
    # who has everything shares all that the other has, and that is what chance expects
    assert {(each.observed, each.expected, each.q_value) for each in whole} == {(9, 9.0, 1.0)}


def test_a_collection_is_named_in_the_answer(told):
    values = [f"198.51.{at}.7" for at in range(1, 25)]
    lines = [line(f"c{at % 12}", value) for at, value in enumerate(values)]
    where, _ = told(*lines, *(line("collector", value, source="feed") for value in values))
    (named,) = find_overlaps(where).crowds
    assert (named.cluster, named.values, named.of) == ("collector (feed)", 48, 48)


# --- a poisoned feed --------------------------------------------------------------------------------------------------

OWN = [f"198.51.{at}.7" for at in (9, 4, 7, 1, 6)]
BS = [f"203.0.{at}.8" for at in (9, 4, 7, 1, 6)]


def honest():
    """What is known without the feed: A and B, each from three reports, with nothing in common."""
    return [
        line(cluster, value, report=f"https://osint.example/{cluster}/{at % 3}", reported="2024-01-10")
        for cluster, values in (("A", OWN), ("B", BS))
        for at, value in enumerate(values)
    ]


def test_a_feed_that_copies_a_rivals_list_under_another_name_gives_no_weight(told):
    lines = [line("A", value, report="https://osint.example/list", reported="2024-01-10") for value in OWN]
    planted = [line("B", value, source="feed", report="https://feed.example/x", reported="2024-02-01") for value in OWN]
    where, _ = told(*lines, *honest()[5:], *planted, *crowd())
    report, pair = pair_of(where)
    assert (pair.observed, pair.weight, is_linked(pair, SETTINGS)) == (5, 0.0, False)
    (found,) = report.derivations
    assert (found.report, found.repeats, found.sure) == ("feed.example/x", "osint.example/list", True)
    assert {each.parts[-1].params["origin"] for each in pair.shared} == {"osint.example/list"}


def test_a_feed_that_plants_a_rivals_addresses_one_by_one_gives_a_lead_and_its_name(told):
    planted = [line("B", value, source="feed", reported="2024-02-01") for value in OWN]
    where, _ = told(*honest(), *planted, *crowd())
    report, pair = pair_of(where)
    assert pair.q_value < SETTINGS.fdr  # the count alone would have it
    assert (pair.origins, is_linked(pair, SETTINGS), verdict(pair, SETTINGS)) == (1, False, Verdict.LEAD)
    assert report.one_word == "feed"
    # Among all pairs the name says on whose word it is.
    assert {"B (feed)"} == {
        name for each in find_overlaps(where).pairs if "A (osint)" in (each.a, each.b) for name in (each.a, each.b)
    } - {"A (osint)"}


def test_what_a_second_source_confirms_is_no_longer_one_word(told):
    planted = [line("B", value, source="feed", reported="2024-02-01") for value in OWN]
    confirmed = [line("B", value, source="cert", reported="2024-03-01") for value in OWN[1:3]]
    where, _ = told(*honest(), *planted, *confirmed, *crowd())
    report, pair = pair_of(where)
    assert report.one_word == ""
    assert pair.origins >= 2
    assert is_linked(pair, SETTINGS)


# --- memory -----------------------------------------------------------------------------------------------------------


def test_what_does_not_fit_in_memory_is_refused_before_it_is_read(told, monkeypatch):
    with pytest.raises(
        LimitError, match=r"100,000,000 observations takes about 100\.0 GB of memory and 8\.0 GB are free"
    ):
        refuse_beyond(100_000_000, 8_000_000_000)
    refuse_beyond(100_000_000, None)  # a machine that does not say is not second-guessed
    where, _ = told(line("A", "198.51.101.7"), line("B", "198.51.101.7"))
    monkeypatch.setattr("consilience.app.overlapping.available_memory", lambda: 1_000)
    with pytest.raises(LimitError, match="2 observations"):
        find_overlaps(where)
    assert Path(where.workspace).exists()
