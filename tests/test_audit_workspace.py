"""A workspace and its audit log: what is entered, what is found when a byte was changed, and what a crash leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consilience.app.audit_checks import AuditReport, Severity, verify_workspace
from consilience.app.audit_proofs import check_proof, make_signed_checkpoint, prove_entry, prove_growth
from consilience.app.auditing import record_event
from consilience.app.reviewing import Filters, correct, decide, list_proposals, withdraw
from consilience.app.settings import Settings
from consilience.app.settings import settings as run_settings
from consilience.app.trusting import add_partner, new_own_key, read_trust_files, revoke_key
from consilience.app.use_cases import add_paths, existing_workspace
from consilience.cli.audit import audit as command
from consilience.cli.output import Console
from consilience.errors import FormatError, InputError, MarkingError, StoreError, UnknownNameError
from consilience.exchange.audit_log import Action, Event, Thing, read_log
from consilience.exchange.checkpoint import make_checkpoint, read_checkpoint
from consilience.exchange.merkle_tree import extends, includes, leaf_hash
from consilience.exchange.signing_keys import make_key
from consilience.exchange.trust import Partner
from consilience.model.dates import PartialDate
from consilience.model.marking import Marking
from consilience.model.statement import Verdict

NOW = datetime(2024, 1, 1, tzinfo=UTC)
REPORT = """Title: On the attacks against Albania
Source: ncsc-uk
Date: 2022-09-07
Language: en

The NCSC assesses that Iran is almost certainly responsible for the cyber attack against Albania in July 2022.
The United Kingdom condemned Iran for the cyber attack.
"""
INDICATORS = "type,value,cluster\nipv4-addr,203.0.113.7,APT34\nno-such-type,x,APT34\n"


def workspace_at(folder: Path) -> Settings:
    return run_settings(folder, Path(os.environ["CONSILIENCE_CACHE"]))


def add(where: Settings, name: str, text: str) -> None:
    path = where.workspace.parent / name
    path.write_text(text, "utf-8")
    add_paths(where, [path])


def bundle(marking: str, name: str) -> str:
    """A STIX bundle with one claim under a TLP 2.0 marking."""
    stamp = {"spec_version": "2.1", "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z"}
    marked = {**stamp, "object_marking_refs": [marking]}
    one = "intrusion-set--aaaaaaaa-0000-4000-8000-00000000000"
    objects = [{"type": "intrusion-set", "id": one + str(n), "name": f"{name} {n}", **marked} for n in range(2)]
    relation = {"relationship_type": "attributed-to", "source_ref": one + "0", "target_ref": one + "1"}
    objects.append({"type": "relationship", "id": "relationship--aaaaaaaa-0000-4000-8000-000000000000", **relation})
    objects[-1] |= marked
    return json.dumps({"type": "bundle", "id": "bundle--aaaaaaaa-0000-4000-8000-000000000000", "objects": objects})


RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"


def first_proposal(where: Settings) -> str:
    return list_proposals(where, Filters(state=""))[0].statement.id


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace in which everything that is covered occurs; tests work on copies."""
    folder = tmp_path_factory.mktemp("audited")
    where = workspace_at(folder / "workspace")
    new_own_key(where, "CERT A", "", "anna", NOW, b"")
    add(where, "report.txt", REPORT)
    add(where, "indicators.csv", INDICATORS)
    add(where, "bundle.json", bundle(GREEN, "Green"))
    decide(where, first_proposal(where), Verdict.ACCEPT, "ben", "2026-11-26", "their own word")
    make_signed_checkpoint(where, NOW)
    return where


@pytest.fixture
def where(made: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(made.workspace, tmp_path / "workspace")
    return workspace_at(tmp_path / "workspace")


def entries(where: Settings) -> list[tuple[str, str]]:
    return [(line.entry.author, line.entry.action) for line in read_log(where.workspace / "audit").lines]


def findings(where: Settings, severity: Severity) -> list[str]:
    return [f"{each.place}: {each.sentence}" for each in verify_workspace(where).findings if each.severity is severity]


def changed(where: Settings) -> list[str]:
    return findings(where, Severity.TAMPERED)


def unrecorded(where: Settings) -> list[str]:
    return findings(where, Severity.UNRECORDED)


def test_what_was_done_is_entered(made: Settings) -> None:
    user = entries(made)[1][0]
    added = [(user, "added")] * 3
    assert entries(made) == [("anna", "key-made"), *added, ("ben", "reviewed")]
    report = verify_workspace(made)
    assert report.findings == ()
    assert (report.entries, report.checkpoints) == (5, 1)
    with existing_workspace(made) as workspace:
        assert report.files == len(workspace.documents()) + len(workspace.observation_parts()) == 4
        # readings and documents, judgements, sources, parts
        assert report.rows == 2 * 3 + 1 + len(workspace.sources()) + 1


def test_every_way_to_decide_is_entered(where: Settings) -> None:
    proposal = first_proposal(where)
    withdraw(where, proposal, "chloe", "2026-11-26")
    correct(where, proposal, [("stance", "suspects")], "dora", "2026-11-26", "they said so")
    assert entries(where)[5:] == [("chloe", "reviewed"), ("dora", "reviewed")]
    things = [each.kind for each in read_log(where.workspace / "audit").lines[-1].entry.things]
    assert things == ["document", "statement"]  # the analyst's own document, and the judgement of what it corrects
    assert verify_workspace(where).findings == ()


def test_what_adds_nothing_is_not_entered(where: Settings) -> None:
    before = entries(where)
    report = where.workspace.parent / "report.txt"
    report.write_text(REPORT, "utf-8")
    add_paths(where, [report])
    report.write_text("another text", "utf-8")
    add_paths(where, [report], dry_run=True)
    assert entries(where) == before


def test_a_document_that_is_read_again_is_still_covered(where: Settings) -> None:
    report = where.workspace.parent / "report.txt"
    report.write_text(REPORT, "utf-8")
    for _ in range(2):
        add_paths(where, [report], again=True)
    assert verify_workspace(where).findings == ()


def test_red_things_are_neither_named_nor_counted(where: Settings) -> None:
    add(where, "red.json", bundle(RED, "Crimson Canary"))
    with existing_workspace(where) as workspace:
        (red,) = (each.sha256 for each in workspace.documents() if each.name == "red.json")
        ids = [each.id for each in workspace.statements([red])]
    assert ids
    decide(where, ids[0], Verdict.ACCEPT, "anna", "2026-11-26", "Crimson Canary it is")
    released = Thing(kind="assessment", id=ids[0], marking=Marking.RED)
    record_event(where, Event(action=Action.RELEASED, author="anna", partner="identity--b", things=(released,)))
    add(where, "one more.csv", INDICATORS.replace("203.0.113.7", "203.0.113.8"))
    log = "".join((where.workspace / "audit" / name).read_text() for name in ("log.jsonl", "seals.jsonl"))
    for secret in (red, *ids, *(each.removeprefix("statement--") for each in ids), "Crimson", "RED", "red.json"):
        assert secret not in log
    red_entry = read_log(where.workspace / "audit").lines[5].entry
    assert (red_entry.action, red_entry.things) == (Action.ADDED, ())
    assert changed(where) == unrecorded(where) == []  # and yet every byte of it is covered:
    (where.workspace / "raw" / red[:2] / red).write_bytes(b"{}")
    assert changed(where) == ["raw document of reading 4: the file was changed: its SHA-256 is another"]


# What is found

COLUMNS = [
    ("statement", "json"),
    ("statement", "digest"),
    ("statement", "subject"),
    ("statement", "predicate"),
    ("statement", "source"),
    ("document", "json"),
    ("document", "reading"),
    ("reading", "document"),
    ("reading", "rules"),
    ("reading", "context"),
    ("reading", "observations"),
    ("passage", "text"),
    ("passage", "lang"),
    ("source", "json"),
    ("source", "id"),
    ("judgement", "json"),
    ("judgement", "statement"),
    ("issue", "reason"),
    ("issue", "lost"),
    ("stix_object", "json"),
    ("observation_part", "sha256"),
    ("observation_part", "rows"),
]


def sql(where: Settings, query: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(where.workspace / "consilience.sqlite", isolation_level=None)) as connection:
        connection.text_factory = bytes
        return connection.execute(query, values).fetchall()


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_changed_column_is_found(where: Settings, table: str, column: str) -> None:
    (value,) = sql(where, f"SELECT {column} FROM {table} LIMIT 1")[0]
    sort, other = "TEXT", value
    if isinstance(value, bytes):
        other = bytes([value[0], value[1] ^ 1, *value[2:]])
        sort = "BLOB" if column in ("json", "digest") else "TEXT"
    else:
        other = int(str(value)) + 1
        sort = "INTEGER"
    sql(where, f"UPDATE {table} SET {column} = CAST(? AS {sort}) WHERE {column} = CAST(? AS {sort})", other, value)
    assert sql(where, f"SELECT count(*) FROM {table} WHERE {column} = CAST(? AS {sort})", other) != [(0,)]
    assert changed(where)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_of_a_statement_is_found(made: Settings, data: st.DataObject) -> None:
    rows = sql(made, "SELECT row, json FROM statement ORDER BY row")
    number, json_bytes = data.draw(st.sampled_from(rows))
    assert isinstance(json_bytes, bytes)
    at = data.draw(st.integers(0, len(json_bytes) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != json_bytes[at]))
    other = json_bytes[:at] + bytes([byte]) + json_bytes[at + 1 :]
    try:
        sql(made, "UPDATE statement SET json = ? WHERE row = ?", other, number)
        assert any(each.startswith("reading ") for each in changed(made))
    finally:
        sql(made, "UPDATE statement SET json = ? WHERE row = ?", json_bytes, number)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_changed_byte_of_a_file_is_found(made: Settings, data: st.DataObject) -> None:
    kept = ("raw/*/*", "observations/*", "audit/*.jsonl", "audit/checkpoints/*")
    path = data.draw(st.sampled_from(sorted(each for form in kept for each in made.workspace.glob(form))))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != before[at]))
    try:
        path.write_bytes(before[:at] + bytes([byte]) + before[at + 1 :])
        assert [each for each in verify_workspace(made).findings if each.severity is not Severity.NOTE]
    finally:
        path.write_bytes(before)
    assert verify_workspace(made).findings == ()


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_changed_byte_of_a_row_in_the_database_file_is_found(made: Settings, data: st.DataObject) -> None:
    sql(made, "PRAGMA wal_checkpoint(TRUNCATE)")
    path = made.workspace / "consilience.sqlite"
    before = path.read_bytes()
    rows = [row for (row,) in sql(made, "SELECT json FROM statement UNION ALL SELECT json FROM document")]
    row = data.draw(st.sampled_from([each for each in rows if isinstance(each, bytes) and each in before]))
    at = before.index(row) + data.draw(st.integers(0, len(row) - 1))
    try:
        path.write_bytes(before[:at] + bytes([before[at] ^ (1 << data.draw(st.integers(0, 7)))]) + before[at + 1 :])
        assert changed(made)
    finally:
        path.write_bytes(before)


Change = Callable[[Settings], object]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: sql(w, "DELETE FROM statement WHERE row = 1"), "reading 1: was changed after entry 1"),
        (lambda w: sql(w, "UPDATE statement SET json = 5"), "reading 1: was changed"),
        (
            lambda w: sql(w, "UPDATE statement SET json = CAST(replace(CAST(json AS TEXT), 'Iran', 'Iraq') AS BLOB)"),
            "statement in row 1: is not what its id or its look-up columns say",
        ),
        (
            lambda w: sql(w, "UPDATE statement SET subject = 5, digest = row"),
            "is not what its id or its look-up columns say",
        ),
        (lambda w: sql(w, "UPDATE document SET sha256 = char(0, reading)"), "cannot be read: embedded null byte"),
        (lambda w: sql(w, "UPDATE document SET json = 5, reading = 'x' || reading"), "document of reading 1: is gone"),
        (lambda w: sql(w, "UPDATE reading SET first_row = 'x'"), "reading 1: was changed"),
        (lambda w: sql(w, "UPDATE judgement SET statement = 5, json = 5"), "judgement 1: was changed"),
        (lambda w: sql(w, "UPDATE observation_part SET name = char(0), sha256 = 5"), "part "),
        (lambda w: sql(w, "DROP TABLE judgement"), "database: the database cannot be read: no such table"),
        (lambda w: sql(w, "DELETE FROM reading WHERE id = 2"), "reading 2: is gone; the log tells of it"),
        (lambda w: sql(w, "DELETE FROM document WHERE reading = 2"), "document of reading 2: is gone"),
        (lambda w: sql(w, "DELETE FROM judgement"), "judgement 1: is gone"),
        (lambda w: sql(w, "DELETE FROM source"), "source "),
        (lambda w: sql(w, "DELETE FROM observation_part"), "part "),
        (lambda w: sql(w, "DELETE FROM passage"), "document 1: was changed"),
        (lambda w: sql(w, "DELETE FROM issue"), "reading 2: was changed"),
        (
            lambda w: [each.unlink() for each in w.workspace.glob("raw/*/*")],
            "raw document of reading 1: cannot be read",
        ),
        (lambda w: [each.unlink() for each in w.workspace.glob("observations/*")], "part "),
        (lambda w: (w.workspace / "consilience.sqlite").unlink(), "database: is gone"),
        (lambda w: (w.workspace / "consilience.sqlite").write_bytes(b"x" * 5000), "database: the database cannot be"),
        (lambda w: (w.workspace / "audit/log.jsonl").unlink(), "tells of 5 entries, and the log has 0"),
        (lambda w: (w.workspace / "audit/seals.jsonl").unlink(), "the lines that the entry sealed are not there"),
        (lambda w: (w.workspace / "audit/seals.jsonl").write_bytes(b""), "entry 0: the lines"),
    ],
)
def test_what_is_gone_is_found(where: Settings, change: Change, says: str) -> None:
    change(where)
    assert any(says in each for each in changed(where)), changed(where)


def test_rows_written_past_the_log_are_unrecorded_and_then_found(where: Settings) -> None:
    with existing_workspace(where) as workspace:
        workspace.judge(workspace.judgements()[0])
    assert unrecorded(where) == [
        "judgement 2: is in the store and no entry tells of it: its writer was stopped, or went past the log"
    ]
    decide(where, first_proposal(where), Verdict.REJECT, "chloe", "2026-11-26", "no")
    assert entries(where)[5:] == [("unknown", "found"), ("chloe", "reviewed")]
    assert unrecorded(where) == changed(where) == []
    assert findings(where, Severity.NOTE) == [
        "entry 5: was in the store when no entry told of it; nobody answers for it"
    ]


def test_a_workspace_from_before_the_log_is_taken_over(made: Settings, where: Settings) -> None:
    shutil.rmtree(where.workspace / "audit")
    (finding,) = unrecorded(where)
    assert f"there is no log of the {verify_workspace(made).rows} rows" in finding
    add(where, "one more.csv", INDICATORS.replace("203.0.113.7", "203.0.113.8"))
    assert [action for _, action in entries(where)] == ["found", "added"]
    assert unrecorded(where) == changed(where) == []


def test_no_workspace_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no workspace"):
        verify_workspace(workspace_at(tmp_path / "none"))


# Crashes and writers at once

KILLED = """
import os, signal, sys
from pathlib import Path
from consilience.app.settings import settings
from consilience.app.use_cases import add_paths
from consilience.exchange import audit_log_writer

original = audit_log_writer.LogWriter._write

def write(self, name, data):
    if name == {file!r}:
        os.kill(os.getpid(), signal.SIGKILL)
    original(self, name, data)

audit_log_writer.LogWriter._write = write
add_paths(settings(Path(sys.argv[1])), [Path(sys.argv[2])])
"""


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("seals.jsonl", ["document 4", "part ", "reading 4", "source "]),  # killed after the commit, before the seals
        ("log.jsonl", ["seals.jsonl: entry 5"]),  # killed between the seals and the entry
    ],
)
def test_kill_9_between_store_and_log_is_told_of(where: Settings, file: str, says: list[str]) -> None:
    path = where.workspace.parent / "late.csv"
    path.write_text(INDICATORS.replace("203.0.113.7", "203.0.113.9"))
    script = KILLED.format(file=file)
    done = subprocess.run([sys.executable, "-c", script, where.workspace, path], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert changed(where) == []
    found = sorted(unrecorded(where))
    assert len(found) == len(says)
    assert all(text.startswith(begins) for text, begins in zip(found, says, strict=True)), found
    add(where, "next.csv", INDICATORS.replace("203.0.113.7", "203.0.113.10"))
    assert entries(where)[5] == ("unknown", "found")
    assert entries(where)[6][1] == "added"
    assert changed(where) == unrecorded(where) == []


def test_two_processes_add_at_once(where: Settings) -> None:
    for number in range(6):
        text = INDICATORS.replace("203.0.113.7", f"198.51.100.{number}")
        (where.workspace.parent / f"{number}.csv").write_text(text)
    names = [str(where.workspace.parent / f"{number}.csv") for number in range(6)]
    script = 'for each in "$@"; do "$PYTHON" -m consilience --workspace "$WORKSPACE" add "$each" || exit 1; done'
    environment = {**os.environ, "PYTHON": sys.executable, "WORKSPACE": str(where.workspace)}
    running = [
        subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", *half], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for half in (names[:3], names[3:])
    ]
    for each in running:
        assert each.communicate(timeout=100)[1] == b""
        assert each.returncode == 0
    assert len(entries(where)) == 5 + 6
    assert verify_workspace(where).findings == ()


# Checkpoints and proofs


def note_of(where: Settings) -> bytes:
    (path,) = (where.workspace / "audit" / "checkpoints").iterdir()
    return path.read_bytes()


def test_a_checkpoint_kept_elsewhere_finds_a_log_that_was_written_anew(where: Settings) -> None:
    kept = note_of(where)
    shutil.rmtree(where.workspace / "audit")
    add(where, "one more.csv", INDICATORS.replace("203.0.113.7", "203.0.113.8"))
    assert changed(where) == []  # the log agrees with itself and with the store
    report: AuditReport = verify_workspace(where, [("kept.txt", kept)])
    (found,) = [each for each in report.findings if each.severity is Severity.TAMPERED]
    assert found.place == "kept.txt"
    assert "tells of 5 entries, and the log has 2" in found.sentence


def test_a_log_that_only_grew_agrees_with_older_checkpoints(where: Settings) -> None:
    kept = note_of(where)
    add(where, "one more.csv", INDICATORS.replace("203.0.113.7", "203.0.113.8"))
    make_signed_checkpoint(where, NOW)
    report = verify_workspace(where, [("kept.txt", kept)])
    assert (report.checkpoints, report.findings) == (3, ())


def test_a_checkpoint_by_a_strangers_key_is_not_taken(where: Settings) -> None:
    kept = read_checkpoint(note_of(where))
    forged = make_checkpoint(kept.origin, kept.size, kept.root, make_key())
    (found,) = verify_workspace(where, [("forged.txt", forged.note.encode())]).findings
    assert (found.severity, found.place) == (Severity.TAMPERED, "forged.txt")
    assert "by no key of this centre" in found.sentence


def test_a_checkpoint_by_a_key_that_was_revoked_is_told_of(where: Settings) -> None:
    key = read_log(where.workspace / "audit").lines[0].entry.things[0].id
    revoke_key(where, key, PartialDate("2024-01-02"), "stolen", "anna")
    (note,) = findings(where, Severity.NOTE)
    assert "by a key that was revoked" in note
    assert entries(where)[-1] == ("anna", "key-revoked")
    with pytest.raises(StoreError, match="no key of this centre is here, valid and not revoked"):
        make_signed_checkpoint(where, datetime(2024, 1, 3, tzinfo=UTC))


def test_a_log_that_was_tampered_with_is_not_signed(where: Settings) -> None:
    path = where.workspace / "audit" / "log.jsonl"
    path.write_bytes(path.read_bytes().replace(b"anna", b"anne"))
    with pytest.raises(StoreError, match="not signed"):
        make_signed_checkpoint(where, NOW)


def test_proofs_hold_against_the_signed_root(where: Settings) -> None:
    add(where, "one more.csv", INDICATORS.replace("203.0.113.7", "203.0.113.8"))
    for number in range(5):
        proof = prove_entry(where, number)
        assert proof.size == 5  # that of the checkpoint
        hashes = [bytes.fromhex(each) for each in proof.hashes]
        assert includes(bytes.fromhex(proof.root), 5, number, leaf_hash(proof.entry.encode()), hashes)
        assert proof.checkpoint.encode() == note_of(where)
    make_signed_checkpoint(where, NOW)
    growth = prove_growth(where, 5)
    hashes = [bytes.fromhex(each) for each in growth.hashes]
    assert extends(bytes.fromhex(growth.first_root), 5, bytes.fromhex(growth.root), 6, hashes)
    assert f"\n{growth.size}\n" in growth.checkpoint


def test_a_proof_is_not_made_for_who_may_not_see_what_the_entry_names(where: Settings) -> None:
    for name, ceiling in (("Low", Marking.CLEAR), ("High", Marking.GREEN)):
        identity = f"identity--00000000-0000-4000-8000-{len(name):012}"
        add_partner(where, Partner(identity=identity, name=name, ceiling=ceiling), "anna")
    of_bundle = next(line.entry for line in read_log(where.workspace / "audit").lines if line.entry.number == 3)
    assert [each.marking for each in of_bundle.things] == [Marking.GREEN]
    assert prove_entry(where, 3, "high").entry
    with pytest.raises(MarkingError, match=r"names what is TLP:GREEN, and Low is given up to TLP:CLEAR"):
        prove_entry(where, 3, "Low")
    with pytest.raises(UnknownNameError):
        prove_entry(where, 3, "nobody")


@pytest.mark.parametrize("number", [-1, 5, 10**6])
def test_there_is_no_proof_of_what_is_not_there(where: Settings, number: int) -> None:
    with pytest.raises(InputError, match="has no entry"):
        prove_entry(where, number)


@pytest.mark.parametrize("size", [0, -3, 6])
def test_there_is_no_proof_of_a_size_the_log_never_had(where: Settings, size: int) -> None:
    with pytest.raises(InputError, match="never had"):
        prove_growth(where, size)


def test_a_partner_checks_a_proof(where: Settings, tmp_path: Path) -> None:
    partner = workspace_at(tmp_path / "partner")
    proof = msgspec.json.encode(prove_entry(where, 2))
    unknown = check_proof(partner, proof)
    assert (unknown.proven, unknown.name) == (False, "")
    assert "no key that this centre trusts" in unknown.sentences[1]
    own = read_trust_files(where).own
    assert own is not None
    add_partner(partner, msgspec.structs.replace(own, own=False), "pia")
    known = check_proof(partner, proof)
    assert (known.proven, known.name) == (True, "CERT A")
    for old, new in ((b"added", b"adder"), (b'"first":2', b'"first":3'), (b'"size":5', b'"size":6')):
        assert not check_proof(partner, proof.replace(old, new, 1)).proven
    unsigned = msgspec.structs.replace(prove_entry(where, 2), checkpoint="")
    assert not check_proof(partner, msgspec.json.encode(unsigned)).proven
    other = msgspec.structs.replace(
        prove_growth(where, 2), checkpoint=note_of(where).decode().replace("\n5\n", "\n4\n")
    )
    assert "another size" in check_proof(partner, msgspec.json.encode(other)).sentences[1]
    assert check_proof(partner, msgspec.json.encode(prove_growth(where, 2))).proven
    revoke_key(partner, own.keys[0].public.key_id, PartialDate("2026"), "stolen", "pia")
    assert not check_proof(partner, proof).proven


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"kind":"x","first":1,"size":1,"root":"","hashes":[]}'])
def test_what_is_no_proof_is_refused(where: Settings, data: bytes) -> None:
    with pytest.raises(FormatError, match="is "):
        check_proof(where, data, file="proof.json")


# The commands


@pytest.fixture
def run(where: Settings) -> Callable[..., tuple[int, str]]:
    def call(*arguments: str) -> tuple[int, str]:
        console = Console(where, "--json" in arguments)
        result = CliRunner().invoke(command, arguments, obj=console, standalone_mode=False)
        assert result.exception is None, result.exception
        return int(result.return_value), result.output

    return call


def test_the_commands(where: Settings, run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, text = run("show", "--author", "ben")
    assert code == 0
    assert "reviewed" in text
    assert "key-made" not in text
    assert run("show", "--action", "released")[0] == 3
    document = json.loads(run("show", "--action", "added", "--json")[1])["entries"][0]["things"][0]["id"]
    assert json.loads(run("show", "--thing", document[:10], "--json")[1])["of"] == 1
    assert run("verify")[0] == 0
    code, note = run("checkpoint")
    (tmp_path / "kept.txt").write_text(note)
    assert run("verify", "--checkpoint", str(tmp_path / "kept.txt"))[0] == 0
    code, proof = run("prove", "0")
    assert json.loads(proof)["kind"] == "inclusion"
    (tmp_path / "proof.json").write_text(proof)
    code, text = run("check", str(tmp_path / "proof.json"))
    assert (code, text.splitlines()[1]) == (0, "CERT A signed that root as that of its own log.")
    assert json.loads(run("prove", "--since", "2")[1])["kind"] == "consistency"
    with existing_workspace(where) as workspace:
        workspace.judge(workspace.judgements()[0])
    assert run("verify")[0] == 6
    sql(where, "UPDATE judgement SET json = CAST('{}' AS BLOB)")
    code, text = run("verify")
    assert code == 1
    assert "tampered: judgement 1: was changed after entry 4 sealed it" in text
    assert json.loads(run("verify", "--json")[1])["findings"][0]["severity"] == "tampered"
