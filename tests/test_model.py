"""The values that everything speaks in: dates that keep their precision, markings, statement ids, origins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.model.case import CaseDocument
from consilience.model.dates import (
    UNKNOWN_DATE,
    PartialDate,
    Period,
    days_apart,
    earliest,
    latest,
    make_period,
    parse_date,
)
from consilience.model.marking import OF_STIX_ID, STIX_ID, Marking, most_restrictive, parse_marking
from consilience.model.source import origins
from consilience.model.statement import (
    Entity,
    EntityType,
    Place,
    Predicate,
    SpeechAct,
    Stance,
    Statement,
    statement_id,
)
from consilience.model.words import Confidence, Likelihood

# --- dates --------------------------------------------------------------------------------------------------------

DATES = [
    # as written, as kept, first moment, last second
    ("2022", "2022", "2022-01-01T00:00:00", "2022-12-31T23:59:59"),
    ("2022-02", "2022-02", "2022-02-01T00:00:00", "2022-02-28T23:59:59"),
    ("2024-02", "2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59"),
    ("2022-12", "2022-12", "2022-12-01T00:00:00", "2022-12-31T23:59:59"),
    ("2022-07-15", "2022-07-15", "2022-07-15T00:00:00", "2022-07-15T23:59:59"),
    (" 2022-07-15 ", "2022-07-15", "2022-07-15T00:00:00", "2022-07-15T23:59:59"),
    ("2022-07-15T10:30", "2022-07-15T10:30:00Z", "2022-07-15T10:30:00", "2022-07-15T10:30:00"),
    ("2022-07-15 10:30:15", "2022-07-15T10:30:15Z", "2022-07-15T10:30:15", "2022-07-15T10:30:15"),
    ("2022-07-15T10:30:15.999Z", "2022-07-15T10:30:15Z", "2022-07-15T10:30:15", "2022-07-15T10:30:15"),
    ("2022-07-15T23:30:00-03:00", "2022-07-16T02:30:00Z", "2022-07-16T02:30:00", "2022-07-16T02:30:00"),
    ("2022-01-01T00:30:00+0545", "2021-12-31T18:45:00Z", "2021-12-31T18:45:00", "2021-12-31T18:45:00"),
    ("9999", "9999", "9999-01-01T00:00:00", "9999-12-31T23:59:59"),
    ("9999-12", "9999-12", "9999-12-01T00:00:00", "9999-12-31T23:59:59"),
    ("0001-01-01", "0001-01-01", "0001-01-01T00:00:00", "0001-01-01T23:59:59"),
]


@pytest.mark.parametrize(("written", "kept", "first", "last"), DATES, ids=[row[0] for row in DATES])
def test_a_date_keeps_the_precision_that_it_was_given(written: str, kept: str, first: str, last: str) -> None:
    date = parse_date(written)
    assert date == kept
    assert earliest(date) == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert latest(date) == datetime.fromisoformat(last).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "impossible",
    [
        "2022-02-29",
        "2022-13",
        "2022-00",
        "2022-04-31",
        "0000",
        "22",
        "2022-7-5",
        "15/07/2022",
        "July 2022",
        "2022-07-15T25:00:00Z",
        "2022-07-15T10:61:00Z",
        "2022-07-15T10:00:00+99:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2022-07-15T10:00:00Z; DROP TABLE",
        "２０２２",
        "٢٠٢٢-٠٧",
        "unknown",
    ],
)
def test_an_impossible_date_is_refused(impossible: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_date(impossible)


def test_the_unknown_date_stays_unknown() -> None:
    assert parse_date("") == parse_date("  ") == UNKNOWN_DATE
    for moment in (earliest, latest):
        with pytest.raises(ValueError, match="unknown"):
            moment(UNKNOWN_DATE)
    assert days_apart(UNKNOWN_DATE, PartialDate("2022")) is None
    assert Period().first == Period().last == UNKNOWN_DATE


APART = [
    # one, other, smallest gap in days that both allow
    ("2022", "2022-07-15", 0.0),
    ("2022-07", "2022-07-31", 0.0),
    ("2025-07-24", "2025-07-28", 3.0),
    ("2022-07-15T00:00:00Z", "2022-07-16T12:00:00Z", 1.5),
    ("2021", "2022", 0.0),
    ("2021", "2023", 365.0),
]


@pytest.mark.parametrize(("one", "other", "days"), APART)
def test_the_gap_is_the_smallest_that_the_dates_allow_from_either_side(one: str, other: str, days: float) -> None:
    a, b = parse_date(one), parse_date(other)
    assert days_apart(a, b) == days_apart(b, a) == pytest.approx(days, abs=2 / 86_400)


@st.composite
def dates(draw: st.DrawFn) -> str:
    moment = draw(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)))
    text = f"{moment.year:04}-{moment.month:02}-{moment.day:02}T{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    zone = draw(st.sampled_from(["", "Z", "+02:00", "-0330"]))
    return draw(st.sampled_from([text[:4], text[:7], text[:10], text + zone]))


@given(dates())
def test_parsing_a_kept_date_changes_nothing(written: str) -> None:
    kept = parse_date(written)
    assert parse_date(kept) == parse_date(str(kept)) == kept
    assert len(kept) == {4: 4, 7: 7, 10: 10}.get(len(written), 20)


@given(dates())
def test_a_date_ends_after_it_begins(written: str) -> None:
    date = parse_date(written)
    assert earliest(date) <= latest(date)
    assert earliest(date).tzinfo is latest(date).tzinfo is UTC
    assert days_apart(date, date) == 0.0


@given(dates(), dates())
def test_dates_of_one_precision_sort_as_text(one: str, other: str) -> None:
    a, b = parse_date(one), parse_date(other)
    if len(a) == len(b):
        assert (a < b) == (earliest(a) < earliest(b))


@given(dates(), dates())
def test_a_period_is_refused_only_where_it_must_end_before_it_begins(one: str, other: str) -> None:
    first, last = parse_date(one), parse_date(other)
    if earliest(first) > latest(last):
        with pytest.raises(ValueError, match="ends"):
            make_period(one, other)
    else:
        assert make_period(one, other) == Period(first, last)


@given(st.integers(1, 9998), st.integers(1, 12))
def test_a_month_ends_the_second_before_the_next_begins(year: int, month: int) -> None:
    following = latest(parse_date(f"{year:04}-{month:02}")) + timedelta(seconds=1)
    assert following == earliest(parse_date(f"{year + month // 12:04}-{month % 12 + 1:02}"))


# --- markings -----------------------------------------------------------------------------------------------------

MARKINGS = [
    # as written, TLP 2.0
    ("TLP:WHITE", Marking.CLEAR),
    ("tlp:white", Marking.CLEAR),
    ("TLP:CLEAR", Marking.CLEAR),
    ("white", Marking.CLEAR),
    ("TLP:GREEN", Marking.GREEN),
    ("tlp_green", Marking.GREEN),
    ("TLP: AMBER", Marking.AMBER),
    ("TLP-AMBER", Marking.AMBER),
    ('tlp="amber"', None),
    ('"TLP:AMBER"', Marking.AMBER),
    ("TLP:AMBER+STRICT", Marking.AMBER_STRICT),
    ("tlp:amber-strict", Marking.AMBER_STRICT),
    ("TLP:AMBER STRICT", Marking.AMBER_STRICT),
    ("TLP:RED", Marking.RED),
    ("Red", Marking.RED),
    ("TLP:PURPLE", None),
    ("TLP", None),
    ("", None),
    ("TLP:REDACTED", None),
    ("not TLP:RED", None),
]


@pytest.mark.parametrize(("written", "marking"), MARKINGS, ids=[row[0] or "nothing" for row in MARKINGS])
def test_both_versions_of_the_protocol_are_read(written: str, marking: Marking | None) -> None:
    assert parse_marking(written) is marking


def test_the_stix_ids_of_both_versions_lead_to_the_labels_of_the_second() -> None:
    assert {OF_STIX_ID[identifier] for identifier in STIX_ID.values()} == set(Marking)
    assert len(OF_STIX_ID) == len(STIX_ID) + 4
    for marking in Marking:
        assert parse_marking(str(marking)) is marking
        assert OF_STIX_ID[STIX_ID[marking]] is marking


def test_the_order_is_that_of_the_standard() -> None:
    assert sorted(Marking, key=lambda marking: marking.rank) == [
        Marking.CLEAR,
        Marking.GREEN,
        Marking.AMBER,
        Marking.AMBER_STRICT,
        Marking.RED,
    ]


markings = st.sampled_from(list(Marking))


@given(markings, markings, markings)
def test_the_most_restrictive_marking_is_the_join_of_a_lattice(a: Marking, b: Marking, c: Marking) -> None:
    join = most_restrictive
    assert join([a, a]) is a
    assert join([a, b]) is join([b, a])
    assert join([a, join([b, c])]) is join([join([a, b]), c]) is join([a, b, c])
    assert join([a, Marking.CLEAR]) is a
    assert join([a, Marking.RED]) is Marking.RED
    assert join([a, b]).rank >= max(a.rank, b.rank)


def test_nothing_marked_is_clear_unless_the_caller_says_otherwise() -> None:
    assert most_restrictive([]) is Marking.CLEAR
    assert most_restrictive([], Marking.AMBER) is Marking.AMBER
    assert most_restrictive([Marking.GREEN], Marking.RED) is Marking.GREEN


# --- statements ---------------------------------------------------------------------------------------------------

STATEMENT = Statement(
    subject=Entity(EntityType.INCIDENT, "the attack of 15 July"),
    predicate=Predicate.ATTRIBUTED_TO,
    object=Entity(EntityType.COUNTRY, "Iran", "IR"),
    source="ncsc-uk",
    place=Place("0" * 64, "", 10, 90),
    quote='Iranian actors are "almost certainly" responsible.',
    lang="en",
    act=SpeechAct.ASSESSMENT,
    likelihood=Likelihood("almost certainly", 0.95, 1.0, "phia", "en"),
    said=PartialDate("2022-09-07"),
)

CHANGES = {
    "subject": Entity(EntityType.INCIDENT, "another attack"),
    "predicate": "causes",
    "object": None,
    "source": "mandiant",
    "place": Place("0" * 64, "", 10, 91),
    "via": "press-relay",
    "quote": "Iranian actors are responsible.",
    "lang": "fr",
    "stance": Stance.SUSPECTS,
    "act": SpeechAct.JUDGEMENT,
    "likelihood": None,
    "confidence": Confidence("moderate confidence", "moderate"),
    "happened": Period(PartialDate("2022-07-15")),
    "said": PartialDate("2022-09"),
    "published": PartialDate("2022-09-08"),
    "credibility": 2,
    "marking": Marking.GREEN,
    "rule": "en/attributed",
    "supersedes": ("statement--" + "1" * 64,),
    "attributes": (("number", "3"),),
}


def test_the_table_of_changes_names_every_field() -> None:
    assert set(CHANGES) == set(Statement.__struct_fields__) - {"id"}


def test_the_same_content_is_the_same_statement() -> None:
    again = msgspec.structs.replace(STATEMENT, id="")
    assert again is not STATEMENT
    assert (again, again.id) == (STATEMENT, STATEMENT.id)
    assert STATEMENT.id == statement_id(STATEMENT)
    assert STATEMENT.id.startswith("statement--")
    assert len(STATEMENT.id) == len("statement--") + 64


@pytest.mark.parametrize("field", CHANGES)
def test_another_content_is_another_statement(field: str) -> None:
    assert getattr(STATEMENT, field) != CHANGES[field]
    changed = msgspec.structs.replace(STATEMENT, **{field: CHANGES[field]}, id="")
    assert changed.id != STATEMENT.id


def test_no_two_changes_give_one_id() -> None:
    ids = {msgspec.structs.replace(STATEMENT, **{field: value}, id="").id for field, value in CHANGES.items()}
    assert len(ids) == len(CHANGES)


def test_words_that_move_between_fields_make_another_statement() -> None:
    as_source = msgspec.structs.replace(STATEMENT, source="a", via="b", id="")
    as_relay = msgspec.structs.replace(STATEMENT, source="b", via="a", id="")
    assert as_source.id != as_relay.id


texts = st.text(max_size=40)


@given(texts, texts, st.integers(1, 6), st.integers(-1, 10**9), st.sampled_from(Stance))
def test_a_statement_survives_json_with_its_id(
    quote: str, name: str, credibility: int, start: int, stance: Stance
) -> None:
    statement = Statement(
        subject=Entity(EntityType.CLUSTER, name, namer="eset"),
        predicate=Predicate.USES,
        source="eset",
        place=Place("f" * 64, "/objects/1", start, start),
        quote=quote,
        stance=stance,
        credibility=credibility,
    )
    data = msgspec.json.encode(statement)
    read = msgspec.json.decode(data, type=Statement)
    assert read == statement
    assert read.id == statement_id(read) == statement.id
    assert msgspec.json.encode(read) == data


def test_a_statement_cannot_be_edited() -> None:
    with pytest.raises(AttributeError):
        STATEMENT.quote = "another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        CaseDocument(path="a.txt").path = "b.txt"  # type: ignore[misc]


# --- origins ------------------------------------------------------------------------------------------------------

ORIGINS: list[tuple[str, dict[str, tuple[str, ...]], str, set[str]]] = [
    # what it shows, who derives from whom, asked for, origins
    ("who derives from none is its own origin", {}, "eset", {"eset"}),
    ("an empty list is none", {"eset": ()}, "eset", {"eset"}),
    ("a copy goes back to its origin", {"press": ("eset",)}, "press", {"eset"}),
    ("a copy of a copy too", {"blog": ("press",), "press": ("agency",), "agency": ("eset",)}, "blog", {"eset"}),
    ("two origins stay two", {"cisa": ("fbi", "eset")}, "cisa", {"fbi", "eset"}),
    ("two ways to one origin are one", {"c": ("a", "b"), "a": ("o",), "b": ("o",)}, "c", {"o"}),
    ("a circle counts once, from wherever it is entered: a", {"a": ("b",), "b": ("c",), "c": ("a",)}, "a", {"a"}),
    ("a circle counts once, from wherever it is entered: c", {"a": ("b",), "b": ("c",), "c": ("a",)}, "c", {"a"}),
    ("who cites itself alone is its own origin", {"a": ("a",)}, "a", {"a"}),
    ("a circle with a way out goes back to the way out", {"a": ("b",), "b": ("a", "o")}, "a", {"o"}),
    ("who copies a circle adds nothing: z", {"z": ("d",), "c": ("d",), "d": ("c",)}, "z", {"c"}),
    ("who copies a circle adds nothing: a", {"a": ("d",), "c": ("d",), "d": ("c",)}, "a", {"c"}),
]


@pytest.mark.parametrize(("shows", "derives", "asked", "expected"), ORIGINS, ids=[row[0] for row in ORIGINS])
def test_corroboration_counts_origins(
    shows: str, derives: dict[str, tuple[str, ...]], asked: str, expected: set[str]
) -> None:
    assert origins(asked, derives) == expected, shows


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=6, unique=True))
def test_every_member_of_a_circle_has_the_same_origin(circle: list[str]) -> None:
    derives = {each: (circle[index - 1],) for index, each in enumerate(circle)}
    assert len({origins(each, derives) for each in circle}) == 1


letters = st.sampled_from("bcdefg")


@given(st.dictionaries(letters, st.lists(letters, max_size=3, unique=True).map(tuple)), letters)
def test_a_copy_adds_no_origin_whatever_its_name(derives: dict[str, tuple[str, ...]], copied: str) -> None:
    for copy in ("a copy", "z copy"):
        assert origins(copy, {**derives, copy: (copied,)}) == origins(copied, derives)


def test_the_order_in_which_sources_are_cited_does_not_matter() -> None:
    for order in permutations(("a", "b", "c")):
        assert origins("x", {"x": order, "b": ("d",)}) == {"a", "c", "d"}
