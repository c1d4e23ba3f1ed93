"""A server's requests in the audit log: summed up, never lost while the log is held, and without what was typed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from consilience.app import exchange_auditing
from consilience.app.exchange_auditing import ExchangeRecorder
from consilience.app.settings import Settings
from consilience.app.settings import settings as run_settings
from consilience.exchange.audit_log import Action, Entry, Event, read_log
from consilience.exchange.audit_log_writer import open_log
from consilience.exchange.taxii.endpoints import ExchangeEvent

COLLECTION = "11111111-0000-4000-8000-000000000000"


def event(**changes: object) -> ExchangeEvent:
    usual = {"action": "released", "account": "cert-b", "address": "203.0.113.7", "collection": COLLECTION}
    return ExchangeEvent(**{**usual, "objects": 100, "status": 200, **changes})


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    return run_settings(tmp_path / "workspace")


def entries(where: Settings) -> list[Entry]:
    return [line.entry for line in read_log(where.workspace / "audit").lines]


def test_requests_of_one_account_are_one_entry(where: Settings) -> None:
    with ExchangeRecorder(where, pytest.fail, every=60) as record:
        for _ in range(1000):
            record(event())
        record(event(action="received", objects=3, status=202))
        record(event(account="cert-c"))
        record(event(action="deleted", objects=1))
    told = [
        (each.action, each.author, each.partner, each.things[0].id, each.things[0].objects) for each in entries(where)
    ]
    assert told == [
        (Action.RELEASED, "cert-b", "203.0.113.7", COLLECTION, 100_000),
        (Action.RECEIVED, "cert-b", "203.0.113.7", COLLECTION, 3),
        (Action.RELEASED, "cert-c", "203.0.113.7", COLLECTION, 100),
        (Action.DELETED, "cert-b", "203.0.113.7", COLLECTION, 1),
    ]


@pytest.mark.parametrize(
    "without",
    [
        event(objects=0),
        event(action="refused", status=404, objects=0),
        event(action="refused", status=429, objects=0),
    ],
)
def test_what_is_not_entered(where: Settings, without: ExchangeEvent) -> None:
    with ExchangeRecorder(where, pytest.fail) as record:
        record(without)
    assert entries(where) == []


def test_a_refused_login_is_entered_without_what_was_typed(where: Settings) -> None:
    with ExchangeRecorder(where, pytest.fail, every=60) as record:
        for _ in range(50):
            record(event(action="refused", account="my-password", objects=0, status=401, collection=""))
    (entry,) = entries(where)
    assert (entry.action, entry.author, entry.partner, entry.things) == ("login-refused", "unknown", "203.0.113.7", ())
    assert b"my-password" not in (where.workspace / "audit" / "log.jsonl").read_bytes()


def test_a_flood_from_many_addresses_stays_small(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_auditing, "MOST_SUMS", 20)
    with ExchangeRecorder(where, pytest.fail, every=60) as record:
        for number in range(1000):
            record(event(action="refused", account="", address=f"2001:db8::{number:x}", objects=0, status=401))
    partners = [each.partner for each in entries(where)]
    assert len(partners) == 21
    assert partners[-1] == "others"


def test_while_the_log_is_held_requests_go_on_and_nothing_is_lost(
    where: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consilience.exchange.folder_lock.WAIT_SECONDS", 0.05)
    complaints: list[str] = []
    recorder = ExchangeRecorder(where, complaints.append, every=0.01)
    with recorder as record, open_log(where.workspace / "audit") as log:
        started = time.perf_counter()
        record(event())
        assert time.perf_counter() - started < 0.05
        while not complaints:
            time.sleep(0.01)
        record(event())
        log.append(Event(action=Action.ADDED, author="anna"), "2026-01-01T00:00:00Z")
    assert len(complaints) == 1
    assert "is tried again" in complaints[0]
    first, *later = entries(where)
    assert first.author == "anna"
    assert sum(each.things[0].objects for each in later) == 200


def test_what_cannot_be_entered_at_the_end_is_said(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consilience.exchange.folder_lock.WAIT_SECONDS", 0.05)
    complaints: list[str] = []
    with open_log(where.workspace / "audit"), ExchangeRecorder(where, complaints.append, every=60) as record:
        record(event())
    assert complaints[-1] == "1 entries of the audit log could not be written and are lost"


def test_events_from_many_threads_are_all_there(where: Settings) -> None:
    with ExchangeRecorder(where, pytest.fail, every=0.01) as record:
        threads = [threading.Thread(target=lambda: [record(event(objects=1)) for _ in range(500)]) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert sum(each.things[0].objects for each in entries(where)) == 2000
