"""What is compared of each document of a workspace, and how the reports of several documents come together."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.app.filed_reports import by_document, merged, reports_of_document
from consilience.app.garbage_collection import without_collector
from consilience.attribution.profiles import UNDATED, KnownReport
from consilience.knowledge.infrastructure import SharedInfrastructure, open_shared_infrastructure

COLUMNS = ("cluster", "type", "value", "source", "document", "report", "reported")
Row = tuple[str, str, str, str, str, str, str]


def row(cluster: str, value: str, document: str = "d1", report: str = "", day: str = "", source: str = "feed") -> Row:
    return cluster, "domain-name", value, source, document, report, day


def table(rows: Sequence[Row]) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in COLUMNS]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(COLUMNS))


@pytest.fixture(scope="module")
def lists(cache) -> SharedInfrastructure:
    return open_shared_infrastructure(cache)


def reports(rows: Sequence[Row], lists: SharedInfrastructure) -> dict[tuple[str, str, str], KnownReport]:
    found = merged(reports_of_document(own, lists) for _, own in by_document(table(rows)))
    return {(each.cluster, each.source, each.id): each for each in found}


def domains(report: KnownReport) -> set[str]:
    return {text for chain in report.indicators.chains for kind, text in chain if kind == "domain"}


A, B, C = "alpha-service.com", "bravo-portal.net", "charlie-update.org"

JOINED = [
    # what, rows, expected: (cluster, report) -> values
    ("a row without a report belongs to its document", [row("Bear", A)], {("Bear", "d1"): {A}}),
    ("two spellings are one cluster, under the more frequent", [row("BEAR", A), row("Bear", B), row("Bear", C)],
     {("Bear", "d1"): {A, B, C}}),
    ("the more frequent over all documents", [row("BEAR", A, "d1"), row("Bear", B, "d2"), row("Bear", C, "d2")],
     {("Bear", "d1"): {A}, ("Bear", "d2"): {B, C}}),
    ("one report in two documents is one", [row("Bear", A, "d1", "r"), row("Bear", B, "d2", "r")],
     {("Bear", "r"): {A, B}}),
    ("a row outside the reports of its document is left out", [row("Bear", A, report="r"), row("Bear", B)],
     {("Bear", "r"): {A}}),
    ("but not where only another cluster has reports there", [row("Bear", A, report="r"), row("Lynx", B)],
     {("Bear", "r"): {A}, ("Lynx", "d1"): {B}}),
    ("a list that stands for no cluster is nobody's", [row("unclassified", A), row("Unknown", B)], {}),
    ("what is harmless is not compared", [row("Bear", "google.com")], {}),
    ("nothing", [], {}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "expected"), JOINED)
def test_which_reports_there_are(what, rows, expected, lists):
    found = reports(rows, lists)
    assert {(cluster, id_): domains(each) for (cluster, _, id_), each in found.items()} == expected, what


DATES = [
    # days of the rows, first and last of the report
    (["2024-05-01", "2024-05-03"], ("2024-05-01", "2024-05-03")),
    (["2024-05"], ("2024-05-01", "2024-05-31")),
    (["2024-05-01", "", "not a day", "2024-02-31"], ("2024-05-01", "2024-05-01")),
    (["", "9999-99-99"], None),
]


@pytest.mark.parametrize("apart", [False, True], ids=["in one document", "in as many documents"])
@pytest.mark.parametrize(("days", "expected"), DATES)
def test_a_report_is_dated_by_what_its_rows_say(days, expected, apart, lists):
    from datetime import date

    rows = [row("Bear", f"name-number-{at}.com", f"d{at * apart}", "r", day) for at, day in enumerate(days)]
    (found,) = reports(rows, lists).values()
    bounds = tuple(date.fromisoformat(each).toordinal() for each in expected) if expected else (UNDATED, UNDATED)
    assert (found.first, found.last) == bounds


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["Bear", "BEAR", "Lynx"]),
        st.integers(0, 9).map("name-number-{}.com".format),
        st.sampled_from(["d1", "d2", "d3"]),
        st.sampled_from(["", "r1", "r2"]),
        st.sampled_from(["", "2024-05-01", "2023"]),
    ),
    max_size=12,
)


@given(ROWS)
def test_the_order_of_rows_does_not_matter(lists, rows):
    assert reports(rows, lists) == reports(sorted(rows), lists)


@given(ROWS, st.data())
def test_a_documents_digest_changes_with_any_cell_of_it_alone(rows, data):
    before = {own["document"][0].as_py(): digest for digest, own in by_document(table(rows))}
    assert len(set(before.values())) == len(before) == len({each[4] for each in rows})
    if not rows:
        return
    at, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from([0, 1, 2, 3, 5, 6]))
    changed = [list(each) for each in rows]
    changed[at][column] += "x"
    after = {own["document"][0].as_py(): digest for digest, own in by_document(table(list(map(tuple, changed))))}
    assert {document for document in before if before[document] != after[document]} == {rows[at][4]}


def test_a_cell_that_moves_to_the_next_row_is_another_document():
    digests = {
        digest
        for rows in ([row("Bear", "ab"), row("Bear", "c")], [row("Bear", "a"), row("Bear", "bc")])
        for digest, _ in by_document(table(rows))
    }
    assert len(digests) == 2


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was_found(on):
    import gc

    was_on = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() is on
        with pytest.raises(KeyError), without_collector():
            raise KeyError
        assert gc.isenabled() is on
    finally:
        (gc.enable if was_on else gc.disable)()
