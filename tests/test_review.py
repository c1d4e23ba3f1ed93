"""Review: what an analyst decides on a proposal holds for the same claim in every later reading, and is never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from consilience.app.reviewing import (
    Filters,
    State,
    correct,
    decide,
    list_proposals,
    proposals,
    reviewed,
    withdraw,
)
from consilience.app.settings import settings
from consilience.app.use_cases import add_paths, existing_workspace
from consilience.cli.output import Console
from consilience.cli.review import review
from consilience.errors import StoreError, UnknownNameError
from consilience.model.document import Reading
from consilience.model.statement import Entity, EntityType, Place, Stance, Verdict
from consilience.store.interface import ReadingKey

REPORT = """Title: On the attacks against Albania
Source: ncsc-uk
Date: 2022-09-07
Language: en

The NCSC assesses that Iran is almost certainly responsible for the cyber attack against Albania in July 2022.
The United Kingdom condemned Iran.
"""
EVERY = Filters(state="")


@pytest.fixture
def where(tmp_path):
    path = tmp_path / "report.txt"
    path.write_text(REPORT, "utf-8")
    found = settings(tmp_path / "workspace", Path(os.environ["CONSILIENCE_CACHE"]))
    add_paths(found, [path])
    return found


def named(where, predicate, filters=EVERY):
    """The one proposal with this predicate."""
    (row,) = [each for each in list_proposals(where, filters) if each.statement.predicate == predicate]
    return row


def read_again(where, change):
    """Read the report by newer rules: ``change`` makes their statements from those of the last reading."""
    with existing_workspace(where) as workspace:
        (document,) = [each for each in workspace.documents() if each.name == "report.txt"]
        old = list(workspace.statements([document.sha256]))
        newer = [msgspec.structs.replace(each, id="") for each in change(old)]
        reading = Reading(document=document, passages=list(workspace.passages(document.sha256)), statements=newer)
        with workspace.batch() as batch:
            batch.add(reading, workspace.raw(document.sha256), ReadingKey("newer-rules", ""))


def counted(where):
    """What counts after review: (subject, predicate, object, stance)."""
    with existing_workspace(where) as workspace:
        (document,) = [each.sha256 for each in workspace.documents() if each.name == "report.txt"]
        found = reviewed(workspace, [document])
        assert [each.id for each in found] == sorted(each.id for each in found)
        return {(each.subject.name[:17], each.predicate, each.object.name, each.stance.value) for each in found}


ATTRIBUTION = ("the cyber attack ", "attributed-to", "Iran", "affirms")
RESPONSE = ("United Kingdom", "responds-to", "Iran", "affirms")


def test_what_is_read_is_open(where):
    rows = list_proposals(where, Filters())
    assert [(each.statement.predicate, each.state) for each in rows] == [
        ("attributed-to", State.OPEN),
        ("responds-to", State.OPEN),
    ]
    assert counted(where) == {ATTRIBUTION, RESPONSE}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"state": "accepted"}, 1),
        ({"state": "rejected"}, 0),
        ({"state": "open"}, 1),
        ({"state": "", "document": "report.txt"}, 2),
        ({"state": "", "document": "other.txt"}, 0),
        ({"state": "", "predicate": "responds-to"}, 1),
        ({"state": "", "source": "ncsc-uk"}, 2),
        ({"state": "", "words": "ALMOST certainly"}, 1),
        ({"state": "", "rule": "no-such-rule"}, 0),
    ],
)
def test_proposals_are_filtered(where, filters, count):
    decide(where, named(where, "attributed-to").statement.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    assert len(list_proposals(where, Filters(**filters))) == count


def shorter_quote(statement):
    """The same claim, as newer rules cut the sentence: other words quoted, at a place within the old one."""
    place = msgspec.structs.replace(statement.place, end=statement.place.end - 10)
    return msgspec.structs.replace(statement, quote=statement.quote[:-10], place=place)


def elsewhere(statement):
    """The same quotation, at other offsets: the reader of the format was improved."""
    place = msgspec.structs.replace(statement.place, start=statement.place.start + 900, end=statement.place.end + 900)
    return msgspec.structs.replace(statement, place=place)


NEWER = {
    "the same": lambda each: each,
    "another rule": lambda each: msgspec.structs.replace(each, rule="rule-2"),
    "another date and publisher": lambda each: msgspec.structs.replace(each, source="eset", published="2020"),
    "a shorter quotation": shorter_quote,
    "the quotation elsewhere": elsewhere,
}


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("newer", NEWER)
def test_a_decision_holds_for_the_same_claim_in_later_readings(where, newer, verdict):
    decide(where, named(where, "attributed-to").statement.id, verdict, "ada", "2026-01-02", "why")
    read_again(where, lambda old: [NEWER[newer](each) for each in old])
    row = named(where, "attributed-to")
    assert (row.state, row.found) == (State(verdict + "ed"), True)
    assert (row.judgement.author, row.judgement.reason) == ("ada", "why")
    assert (ATTRIBUTION in counted(where)) == (verdict is Verdict.ACCEPT)


OTHER = {
    "another state": lambda each: msgspec.structs.replace(each, object=Entity(EntityType.COUNTRY, "Russia", "RU")),
    "another incident": lambda each: msgspec.structs.replace(each, subject=Entity(EntityType.INCIDENT, "the leak")),
}


@pytest.mark.parametrize("other", OTHER)
def test_another_claim_in_the_sentence_is_a_new_proposal_that_says_so(where, other):
    decide(where, named(where, "attributed-to").statement.id, Verdict.REJECT, "ada", "2026-01-02", "not them")
    read_again(where, lambda old: [OTHER[other](e) if e.predicate == "attributed-to" else e for e in old])
    rows = [each for each in list_proposals(where, EVERY) if each.statement.predicate == "attributed-to"]
    assert {(each.state, each.found, each.before) for each in rows} == {
        (State.OPEN, True, State.REJECTED),
        (State.REJECTED, False, None),
    }
    assert len(counted(where)) == 2


def test_the_same_claim_in_another_sentence_is_open(where):
    decide(where, named(where, "attributed-to").statement.id, Verdict.REJECT, "ada", "2026-01-02", "not them")

    def moved(each):
        place = Place(each.place.document, each.place.pointer, each.place.end + 500, each.place.end + 600)
        return msgspec.structs.replace(each, quote="Another sentence.", place=place)

    read_again(where, lambda old: [*old, *(moved(each) for each in old if each.predicate == "attributed-to")])
    assert [each.statement.quote for each in list_proposals(where, Filters(predicate="attributed-to"))] == [
        "Another sentence."
    ]


def test_what_was_accepted_stays_where_newer_rules_find_nothing(where):
    decide(where, named(where, "attributed-to").statement.id, Verdict.ACCEPT, "ada", "2026-01-02", "")
    read_again(where, lambda _: [])
    assert (named(where, "attributed-to").state, named(where, "attributed-to").found) == (State.ACCEPTED, False)
    assert counted(where) == {ATTRIBUTION}


def test_a_correction_is_a_statement_of_its_own(where):
    old = named(where, "attributed-to").statement
    new = correct(where, old.id, [("object", "Russia"), ("stance", "suspects")], "ada", "2026-01-02", "misread")
    assert (new.supersedes, new.rule, new.quote, new.place) == ((old.id,), "review", old.quote, old.place)
    assert (new.object, new.stance) == (Entity(EntityType.COUNTRY, "Russia", "RU"), Stance.SUSPECTS)
    assert dict(new.attributes)["reviewer"] == "ada"
    corrected = (ATTRIBUTION[0], "attributed-to", "Russia", "suspects")
    assert counted(where) == {corrected, RESPONSE}
    row = named(where, "attributed-to")
    assert (row.state, row.correction, row.statement) == (State.CORRECTED, new, old)
    read_again(where, lambda old: [NEWER["another rule"](each) for each in old])
    assert counted(where) == {corrected, RESPONSE}
    read_again(where, lambda _: [])
    assert counted(where) == {corrected}


def test_a_correction_can_be_corrected_and_taken_back(where):
    old = named(where, "attributed-to").statement
    one = correct(where, old.id, [("object", "Russia")], "ada", "2026-01-02", "")
    two = correct(where, one.id, [("object", "Belarus")], "bob", "2026-01-03", "")
    assert named(where, "attributed-to").correction == two
    decide(where, two.id, Verdict.REJECT, "ada", "2026-01-04", "no")
    withdraw(where, one.id, "ada", "2026-01-04")
    assert named(where, "attributed-to").correction == one
    decide(where, one.id, Verdict.REJECT, "ada", "2026-01-04", "no")
    assert (named(where, "attributed-to").state, named(where, "attributed-to").correction) == (State.REJECTED, None)
    withdraw(where, old.id, "ada", "2026-01-05")
    assert named(where, "attributed-to").state is State.OPEN
    assert counted(where) == {ATTRIBUTION, RESPONSE}


def test_of_two_corrections_the_later_stands(where):
    old = named(where, "attributed-to").statement
    correct(where, old.id, [("object", "Russia")], "ada", "2026-01-02", "")
    two = correct(where, old.id, [("object", "Belarus")], "bob", "2026-01-02", "")
    assert named(where, "attributed-to").correction == two
    assert counted(where) == {(ATTRIBUTION[0], "attributed-to", "Belarus", "affirms"), RESPONSE}


def test_the_last_word_counts_and_all_are_kept(where):
    key = named(where, "responds-to").statement.id
    decide(where, key, Verdict.REJECT, "ada", "2026-01-02", "no")
    decide(where, key[:24], Verdict.ACCEPT, "bob", "2026-01-03", "yes")
    assert named(where, "responds-to").judgement.author == "bob"
    withdraw(where, key, "bob", "2026-01-04")
    assert named(where, "responds-to").state is State.OPEN
    with existing_workspace(where) as workspace:
        assert [(each.author, each.withdrawn) for each in workspace.judgements()] == [
            ("ada", ""),
            ("bob", ""),
            ("bob", "2026-01-04"),
        ]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("stance", "perhaps", "'perhaps' cannot be a statement's stance"),
        ("said", "0000", "there is no year 0000"),
        ("happened", "2024/2023", "ends .2023. before it begins"),
        ("happened", "9999/10000", "not a date"),
        ("object", "  ", "it is empty"),
        ("quote", "other words", "only these fields can be corrected"),
        ("stance", "affirms", "changes nothing"),
    ],
)
def test_corrections_that_cannot_be(where, field, value, reason):
    key = named(where, "attributed-to").statement.id
    with pytest.raises(StoreError, match=reason):
        correct(where, key, [(field, value)], "ada", "2026-01-02", "")
    assert {each.state for each in list_proposals(where, EVERY)} == {State.OPEN}


@pytest.mark.parametrize("name", ["ffffffffff", "ff", "not an id", ""])
def test_statements_that_are_not_there(where, name):
    for act in (
        lambda: decide(where, name, Verdict.ACCEPT, "ada", "2026-01-02", ""),
        lambda: withdraw(where, name, "ada", "2026-01-02"),
        lambda: correct(where, name, [("object", "Russia")], "ada", "2026-01-02", ""),
    ):
        with pytest.raises(UnknownNameError, match="no statement has the id"):
            act()


def test_nothing_to_take_back(where):
    with pytest.raises(UnknownNameError, match="nothing was decided"):
        withdraw(where, named(where, "attributed-to").statement.id, "ada", "2026-01-02")


def _command(where, *arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        review, list(arguments), obj=Console(where, as_json=False), standalone_mode=False
    )


def test_on_the_terminal(where):
    key = named(where, "attributed-to").statement.id[11:21]
    listed = _command(where)
    assert key[:8] in listed.output
    assert "ncsc-uk: " in listed.output
    assert "accept: " in _command(where, "accept", key, "--author", "ada").output
    assert "accepted; by ada, " in " ".join(_command(where, "list", "--state", "accepted").output.split())
    assert "withdrawn: " in _command(where, "undo", key).output
    assert "why" in str(_command(where, "reject", key).exception)
    assert "say what to correct" in str(_command(where, "correct", key).exception)
    done = _command(where, "correct", key, "--object", "Russia", "--why", "misread", "--json")
    assert json.loads(done.output)["object"]["name"] == "Russia"
    assert _command(where, "list", "--state", "rejected").return_value == 3
    told = json.loads(_command(where, "list", "--state", "corrected", "--json").output)
    assert [each["correction"]["object"]["name"] for each in told["proposals"]] == ["Russia"]


def test_lists_and_bundles_make_no_proposals(where, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("source,subject,predicate,object\nESET,A,uses,B\n", "utf-8")
    add_paths(where, [path])
    assert len(list_proposals(where, EVERY)) == 2
    with existing_workspace(where) as workspace:
        (table,) = [each.sha256 for each in workspace.documents() if each.name == "table.csv"]
        assert proposals(workspace, [table]) == ()
        assert [each.predicate for each in reviewed(workspace, [table])] == ["uses"]
