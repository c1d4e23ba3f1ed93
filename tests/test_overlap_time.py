"""When each side held a value: tenancy, the gap between two, and what is left of the weight after it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.dates import earliest, parse_date
from consilience.overlap.shared import DATE_FLAGS, Use, explain, smallest_gap, tenancy


def use(first="", last="", reported="", report="r"):
    return Use("feed", report, first, last, reported, "", "ipv4-addr", "198.51.100.7")


def span(first, last):
    """Return days since 1970 for two dates as stated: from the first moment of one to the last of the other."""
    begin = earliest(parse_date(first)).timestamp() / 86_400
    return pytest.approx((begin, earliest(parse_date(last)).timestamp() / 86_400 + 1), abs=0.001)


TENANCIES = [
    # uses (first, last, reported)                                          spans                           flags
    ([("2024-05-01", "2024-05-10", "")], [("2024-05-01", "2024-05-10")], ()),
    # uses that touch are one tenancy, others are two: an address can come back
    ([("2024-05-01", "2024-05-10", ""), ("2024-05-08", "2024-05-20", "")], [("2024-05-01", "2024-05-20")], ()),
    (
        [("2024-05-01", "2024-05-10", ""), ("2024-09-01", "2024-09-02", "")],
        [("2024-05-01", "2024-05-10"), ("2024-09-01", "2024-09-02")],
        (),
    ),
    # a partial date may be any of its days
    ([("2024-05", "2024-06", "")], [("2024-05-01", "2024-06-30")], ()),
    ([("2024", "2024", "")], [("2024-01-01", "2024-12-31")], ()),
    # an end that nobody states is not today: the use counts where it is stated
    ([("2024-05-01", "", "")], [("2024-05-01", "2024-05-01")], ("open",)),
    ([("", "2024-05-10", "")], [("2024-05-10", "2024-05-10")], ("open",)),
    # the day of the report stands in only where no use has a date
    ([("", "", "2024-06-01")], [("2024-06-01", "2024-06-01")], ("reported-only",)),
    ([("", "", "2024-06-01"), ("2024-05-01", "2024-05-02", "")], [("2024-05-01", "2024-05-02")], ()),
    ([("", "", "")], [], ("unknown",)),
    # what cannot be is set aside, and the day of its report does not make it good
    ([("2024-05-10", "2024-05-01", "2024-06-01")], [], ("contradictory",)),
    ([("10/05/2024", "", "2024-06-01")], [], ("contradictory",)),
    ([("2031-01-01", "2031-01-05", "2024-06-01")], [], ("future",)),
    ([("2024-05-01", "2031-01-05", "2024-06-01")], [], ("future",)),
    # beside a use that can be, it is flagged and changes nothing
    (
        [("2024-05-10", "2024-05-01", ""), ("2024-05-03", "2024-05-04", "")],
        [("2024-05-03", "2024-05-04")],
        ("contradictory",),
    ),
    # without a report's date nobody can say that a day is yet to come: the analysis has no clock
    ([("2031-01-01", "2031-01-05", "")], [("2031-01-01", "2031-01-05")], ()),
    # a use that runs into the month of its report can be
    ([("2024-05-01", "2024-06", "2024-06-10")], [("2024-05-01", "2024-06-30")], ()),
]


@pytest.mark.parametrize(("uses", "spans", "flags"), TENANCIES)
def test_tenancy(uses, spans, flags):
    held = tenancy([use(*each) for each in uses])
    assert list(held.spans) == [span(*each) for each in spans]
    assert held.flags == flags
    assert bool(held.spans) == bool(held.first)


GAPS = [
    # A's use                      B's use                       days   of it is left, for an address
    (("2024-05-01", "2024-05-10"), ("2024-05-05", "2024-05-20"), 0, 1.0),  # at the same time
    (("2024-05-01", "2024-05-10"), ("2024-05-11", "2024-05-20"), 0, 1.0),  # handed over
    (("2024-05-01", "2024-05-10"), ("2024-07-10", "2024-07-20"), 60, 0.5),
    (("2024-05-01", "2024-05-10"), ("2024-11-07", "2024-11-08"), 180, 0.125),  # let again after six months
    (("2024-05-01", "2024-05-10"), ("2026-05-01", "2026-05-02"), 720, 0.0003),
    (("2024", "2024"), ("2024-11-07", "2024-11-08"), 0, 1.0),  # the year may be that day
    (("2024-05-01", "2024-05-10"), ("", ""), None, 1.0),  # unknown: no decay, and no word that they met
]


@pytest.mark.parametrize(("mine", "theirs", "days", "left"), GAPS)
def test_what_time_leaves_of_a_shared_address(mine, theirs, days, left):
    weighed = explain("ipv4-addr", 2, [use(*mine, report="r")], [use(*theirs, report="s")], value="x", degree_cut=200)
    full = WEIGHTS.plant["open-infrastructure"].cap
    assert weighed.shared.decibans == pytest.approx(full * left, abs=0.05)
    assert weighed.shared.gap_days == (None if days is None else pytest.approx(days, abs=0.01))
    assert weighed.shared.parts[-1].name == ("dates-unknown" if days is None else "decay")


@pytest.mark.parametrize(
    ("unit", "half_life"),
    [("ipv4-addr", 60), ("network", 135), ("host", 135), ("domain-name", 135), ("url", 60), ("md5", None)],
)
def test_the_half_life_of_each_type(unit, half_life):
    mine = [use("2024-01-01", "2024-01-01", report="r")]

    def after(days):
        month, day = divmod(days, 28)
        later = [use(f"2024-{month + 1:02}-{day + 1:02}", report="s")]
        shared = explain(unit, 2, mine, later, value="x", degree_cut=200).shared
        return shared.decibans, shared.gap_days

    now, later = after(0), after(200)
    left = 1.0 if half_life is None else 0.5 ** (later[1] / half_life)
    assert later[0] == pytest.approx(now[0] * left, abs=0.02)


def test_of_many_uses_the_nearest_two_count():
    mine = [use("2020-01-01", "2020-02-01"), use("2024-05-01", "2024-05-10")]
    theirs = [use("2022-01-01", "2022-02-01"), use("2024-05-20", "2024-06-01")]
    assert smallest_gap(tenancy(mine), tenancy(theirs)) == (pytest.approx(9.0, abs=0.01), "known")


DATES = st.sampled_from(["", "2023", "2024", "2024-02", "2024-02-11", "2024-03-01T10:00:00Z", "2030-01", "soon"])
USES = st.lists(st.builds(use, DATES, DATES, DATES), min_size=1, max_size=5)


@given(USES)
def test_spans_are_disjoint_and_in_order_and_no_flag_is_made_up(uses):
    held = tenancy(uses)
    assert all(start <= end for start, end in held.spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(held.spans))
    assert list(held.flags) == [flag for flag in DATE_FLAGS if flag in held.flags]
    assert held.spans or {"unknown", "contradictory", "future"} & {*held.flags}


@given(USES, USES)
def test_the_gap_is_the_same_from_both_sides_and_never_negative(mine, theirs):
    gap, known = smallest_gap(tenancy(mine), tenancy(theirs))
    assert (gap, known) == smallest_gap(tenancy(theirs), tenancy(mine))
    assert (gap is None) == (known != "known")
    assert gap is None or gap >= 0.0


@given(USES, USES, st.builds(use, DATES, DATES, DATES))
def test_a_further_dated_use_never_widens_the_gap(mine, theirs, further):
    before = smallest_gap(tenancy(mine), tenancy(theirs))[0]
    flags = {*tenancy(mine).flags, *tenancy([further]).flags}
    if before is not None and "reported-only" not in flags:
        after = smallest_gap(tenancy([*mine, further]), tenancy(theirs))[0]
        assert after is not None
        assert after <= before
