"""The audit log by itself: what an entry holds, what a crash leaves, and that no changed byte goes unnoticed."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.errors import FormatError, LimitError, StoreError
from consilience.exchange.audit_log import LOG, SEALS, Action, Event, Thing, broken_seals, read_log, read_seals
from consilience.exchange.audit_log_writer import open_log
from consilience.exchange.checkpoint import (
    Checkpoint,
    key_hash,
    make_checkpoint,
    read_checkpoint,
    signed_by,
    verifier_key,
)
from consilience.exchange.merkle_tree import root
from consilience.exchange.signing_keys import PrivateKey, PublicKey, make_key
from consilience.model.marking import Marking

AT = "2026-11-26T12:00:00Z"
ROWS = (("reading", "1", "ab" * 32), ("source", "file:a b.txt", "cd" * 32))


def event(author: str = "anna", *things: Thing) -> Event:
    return Event(action=Action.ADDED, author=author, things=things)


def write(folder: Path, *authors: str) -> None:
    for author in authors:
        with open_log(folder) as log:
            log.append(event(author, Thing(kind="document", id="f" * 64)), AT, [])


def faults(folder: Path) -> list[str]:
    log, seals = read_log(folder), read_seals(folder)
    return [each.reason for each in (*log.faults, *seals.faults, *broken_seals(log, seals))]


def test_entries_follow_one_another(tmp_path: Path) -> None:
    write(tmp_path, "anna", "ben", "chloe")
    log = read_log(tmp_path)
    assert [(line.entry.number, line.entry.author) for line in log.lines] == [(0, "anna"), (1, "ben"), (2, "chloe")]
    assert [line.entry.previous for line in log.lines] == ["", *(line.digest.hex() for line in log.lines[:2])]
    assert faults(tmp_path) == []
    assert json.loads((tmp_path / LOG).read_text().splitlines()[1])["entry"]["author"] == "ben"


def test_an_empty_folder_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path).lines == ()
    assert faults(tmp_path / "nothing") == []


def test_what_an_entry_covers_is_sealed_and_known_to_the_next_writer(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(event(), AT, ROWS)
    with open_log(tmp_path) as log:
        assert sorted(log.sealed) == [("reading", "1"), ("source", "file:a b.txt")]
    assert faults(tmp_path) == []


def test_things_that_are_red_are_sealed_and_neither_named_nor_counted(tmp_path: Path) -> None:
    secret, open_one = "statement--" + "e" * 64, "statement--" + "f" * 64
    things = [Thing(kind="statement", id=open_one, marking=Marking.AMBER)]
    things += [Thing(kind="statement", id=secret, marking=Marking.RED, statements=4711)] * 3
    with open_log(tmp_path) as log:
        entry = log.append(event("anna", *things), AT, [])
    assert [each.id for each in entry.things] == [open_one]
    written = (tmp_path / LOG).read_bytes() + (tmp_path / SEALS).read_bytes()
    assert secret.encode() not in written
    assert b"e" * 64 not in written
    assert b"4711" not in written
    with open_log(tmp_path / "other") as log:
        same = log.append(event("anna", things[0]), AT, [])
    assert len(entry.seal) == len(same.seal)  # the log's line is as long with RED things as without
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        event(""),
        event("a" * 201),
        event("anna\nben"),
        Event(action=Action.RELEASED, author="anna", partner="a\x1b[31m"),
        event("anna", Thing(kind="document", id="The NCSC assesses that")),
        event("anna", Thing(kind="document", id="")),
        event("anna", Thing(kind="a quotation", id="f" * 64)),
    ],
)
def test_content_does_not_get_into_the_log(tmp_path: Path, wrong: Event) -> None:
    with open_log(tmp_path) as log, pytest.raises(StoreError, match="audit entr"):
        log.append(wrong, AT, [])
    assert not (tmp_path / LOG).exists()
    assert not (tmp_path / SEALS).exists()


def test_who_holds_the_log_keeps_others_out_and_they_give_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consilience.exchange.folder_lock.WAIT_SECONDS", 0.05)
    with open_log(tmp_path), pytest.raises(StoreError, match="somebody else has been writing"):
        write(tmp_path, "anna")
    write(tmp_path, "anna")
    assert len(read_log(tmp_path).lines) == 1


# What was done to the files


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    for author in ("anna", "ben", "chloe"):
        with open_log(folder) as log:
            rows = [("reading", author, "ab" * 32)]
            log.append(event(author, Thing(kind="document", id="f" * 64)), AT, rows)
    return folder


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_found(written: Path, data: st.DataObject) -> None:
    path = written / data.draw(st.sampled_from([LOG, SEALS]))
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != before[at]))
    try:
        path.write_bytes(before[:at] + bytes([byte]) + before[at + 1 :])
        assert faults(written)
    finally:
        path.write_bytes(before)
    assert faults(written) == []


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_lines_that_are_missing_exchanged_or_doubled_are_found(written: Path, data: st.DataObject) -> None:
    path = written / data.draw(st.sampled_from([LOG, SEALS]))
    before = path.read_bytes()
    lines = before.splitlines(keepends=True)
    changed = data.draw(
        st.lists(st.sampled_from(lines), max_size=len(lines) + 1).filter(lambda given: b"".join(given) != before)
    )
    try:
        path.write_bytes(b"".join(changed))
        assert faults(written)  # where whole entries were cut off, the seals that are left over tell of them
    finally:
        path.write_bytes(before)


def test_one_changed_line_is_one_finding(tmp_path: Path) -> None:
    write(tmp_path, "anna", "ben", "chloe", "dora", "eve")
    path = tmp_path / LOG
    path.write_bytes(path.read_bytes().replace(b"ben", b"bob"))
    assert [(each.place, each.reason) for each in read_log(tmp_path).faults] == [
        ("log.jsonl: line 2", "the line was changed: it does not agree with its digest")
    ]
    path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(True) if b"dora" not in line))
    assert [each.place for each in read_log(tmp_path).faults] == ["log.jsonl: line 2", "log.jsonl: line 4"]


def test_both_files_cut_off_alike_are_found_by_a_checkpoint_only(tmp_path: Path) -> None:
    write(tmp_path, "anna", "ben")
    two = root([line.digest for line in read_log(tmp_path).lines])
    for name, kept in ((LOG, 1), (SEALS, 1)):
        lines = (tmp_path / name).read_bytes().splitlines(keepends=True)
        (tmp_path / name).write_bytes(b"".join(lines[:kept]))
    assert faults(tmp_path) == []
    assert root([line.digest for line in read_log(tmp_path).lines]) != two


@pytest.mark.parametrize("lost", [1, 10, 300])
def test_a_line_cut_off_by_a_crash_is_told_of_and_taken_away_by_the_next_writer(tmp_path: Path, lost: int) -> None:
    write(tmp_path, "anna", "ben")
    path = tmp_path / LOG
    path.write_bytes(path.read_bytes()[:-lost])
    found = [each for each in read_log(tmp_path).faults if each.cut]
    assert [each.reason for each in found] == ["the last line is cut off"]
    assert "its writer was stopped in between" in faults(tmp_path)[-1]
    write(tmp_path, "chloe")
    assert [line.entry.author for line in read_log(tmp_path).lines] == ["anna", "chloe"]
    assert faults(tmp_path) == []


def test_a_crash_between_seals_and_entry_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path, "anna")
    before = (tmp_path / LOG).read_bytes()
    with open_log(tmp_path) as log:
        log.append(event("ben"), AT, [("reading", str(number), "ab" * 32) for number in range(2000)])
    (tmp_path / LOG).write_bytes(before)
    with (tmp_path / SEALS).open("ab") as file:
        file.write(b'[1,"reading"')
    assert len(faults(tmp_path)) == 2
    write(tmp_path, "chloe")
    assert [line.entry.author for line in read_log(tmp_path).lines] == ["anna", "chloe"]
    assert faults(tmp_path) == []


def test_nothing_is_written_behind_a_last_line_that_was_changed(tmp_path: Path) -> None:
    write(tmp_path, "anna", "ben")
    path = tmp_path / LOG
    path.write_bytes(path.read_bytes().replace(b"ben", b"eve"))
    changed = path.read_bytes()
    with pytest.raises(StoreError, match="was changed"):
        write(tmp_path, "chloe")
    assert path.read_bytes() == changed


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [[f"{writer}-{number}" for number in range(20)] for writer in range(3)]
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from test_audit_log import *; "
    script += "write(Path(sys.argv[1]), *sys.argv[2:])"
    running = [subprocess.Popen([sys.executable, "-c", script, tmp_path, *each]) for each in names]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    authors = [line.entry.author for line in read_log(tmp_path).lines]
    assert sorted(authors) == sorted(name for each in names for name in each)
    for each in names:
        assert [author for author in authors if author in each] == each  # each writer's own in their order
    assert faults(tmp_path) == []


# Checkpoints

KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
ORIGIN = "consilience-audit/identity--a"


def test_key_hash_and_signature_of_the_go_notes() -> None:
    """The example of golang.org/x/mod/sumdb/note: verifier key PeterNeumann+c74f20a3+ARpc2Q…, and a note by it."""
    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert raw[0] == 1  # Ed25519
    key = PublicKey(raw[1:])
    assert key_hash("PeterNeumann", key).hex() == "c74f20a3"
    assert verifier_key("PeterNeumann", key) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    made = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert made[:4] == key_hash("PeterNeumann", key)
    assert key.made(made[4:], text)


def test_the_example_of_the_checkpoint_form_is_read() -> None:
    """The note that c2sp.org/tlog-checkpoint shows."""
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    read = read_checkpoint(note.encode())
    assert (read.origin, read.size, read.note) == ("example.com/behind-the-sofa", 20852163, note)
    assert signed_by(read, [KEY.public]) == ()  # keys of others are passed over


@given(st.integers(0, 10**15), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back(size: int, top: bytes) -> None:
    made = make_checkpoint(ORIGIN, size, top, KEY)
    read = read_checkpoint(made.note.encode())
    assert read == made
    assert signed_by(read, [make_key().public, KEY.public]) == (KEY.public,)


@given(st.data())
def test_no_changed_byte_of_a_checkpoint_is_taken(data: st.DataObject) -> None:
    note = make_checkpoint(ORIGIN, 12, b"\x07" * 32, KEY).note.encode()
    at = data.draw(st.integers(0, len(note) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != note[at]))
    try:
        read = read_checkpoint(note[:at] + bytes([byte]) + note[at + 1 :])
        assert signed_by(read, [KEY.public]) == ()
    except FormatError:
        return


def test_another_keys_signature_under_our_name_is_passed_over() -> None:
    theirs = make_checkpoint(ORIGIN, 1, b"\0" * 32, make_key())
    ours = make_checkpoint(ORIGIN, 1, b"\0" * 32, KEY)
    both = Checkpoint(ORIGIN, 1, b"\0" * 32, theirs.signatures + ours.signatures)
    assert signed_by(read_checkpoint(both.note.encode()), [KEY.public]) == (KEY.public,)


NOTE = make_checkpoint(ORIGIN, 12, b"\x07" * 32, KEY).note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n12\n",
        NOTE.replace("\n12\n", "\n012\n"),
        NOTE.replace("\n12\n", "\n-1\n"),
        NOTE.replace("\n12\n", "\n12\nextension\n"),
        NOTE.replace("BwcH", "Bwc"),
        NOTE.replace("BwcH", "BwcHBwcH", 1),
        NOTE.replace("— ", "- "),
        NOTE.replace(ORIGIN, "a b"),
        NOTE.replace(ORIGIN, ""),
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE.replace("\n", "\r\n"),
        NOTE + "more\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="checkpoint"):
        read_checkpoint(text.encode(), file="c.txt")


def test_too_much_of_a_checkpoint_is_refused() -> None:
    signatures = make_checkpoint(ORIGIN, 1, b"\0" * 32, KEY).signatures * 17
    for data in (b"x" * (1 << 17), Checkpoint(ORIGIN, 1, b"\0" * 32, signatures).note.encode()):
        with pytest.raises(LimitError):
            read_checkpoint(data)
