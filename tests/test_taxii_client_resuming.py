"""A pull that is cut off anywhere, and taken up again: everything comes, each object once, to the byte."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from consilience.app import filing_pulled
from consilience.app.settings import Settings
from consilience.exchange.taxii_client import inbox as inboxes
from consilience.exchange.taxii_client.crawl import Crawl, Query
from consilience.exchange.taxii_client.dates import Moment
from consilience.exchange.taxii_client.inbox import Arrival, Inbox, open_inbox
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.resources import Page
from faulty_taxii_peers import Peer, PlannedCuts, PlannedCutsByDate, encoded, serving
from taxii_server import indicator
from test_taxii_client_reading import objects_in, once_each, pulled


@pytest.fixture
def where(tmp_path: Path, cache: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace", cache=cache)


# The crawl alone, against servers in memory with any dates, page sizes and cuts.


class DiedError(Exception):
    """The process ends here."""


class Memory:
    """A collection with these dates of addition. ``script`` says what happens to each request in turn."""

    def __init__(self, dates: list[int], page: int, *, has_next: bool, says_more: bool, script: list[str]) -> None:
        self.rows = [(date, str(number).encode()) for number, date in enumerate(sorted(dates))]
        self.page, self.has_next, self.says_more = page, has_next, says_more
        self.script = iter(script)

    def ask(self, query: Query) -> Page:
        after = query.added_after
        rows = [row for row in self.rows if after is None or row[0] > after]
        first = int(query.next or 0)
        size = min(query.limit or self.page, self.page)
        page = rows[first : first + size]
        more = first + size < len(rows)
        if next(self.script, "") == "cut":
            raise PeerError("cut", "memory", transient=True)
        dates = {"first": Moment(page[0][0]), "last": Moment(page[-1][0])} if page else {}
        return Page(
            objects=tuple(raw for _, raw in page),
            more=more if self.says_more else None,
            next=str(first + size) if more and self.has_next else "",
            **dates,
        )


def crawl_until_it_ends(server: Memory, inbox: Inbox, limit: int) -> bool:
    """Crawl as processes do that die and are started again; return whether the last one says that all is there."""
    crawl = inbox.crawl("memory", "all")

    def keep(objects: tuple[bytes, ...], mark: Moment | None) -> int:
        event = next(server.script, "")
        if event == "die before":
            raise DiedError
        new = inbox.keep(crawl, [Arrival(raw.decode(), "1", raw, raw) for raw in objects], mark).new
        if event == "die after":
            raise DiedError
        return len(new)

    while True:
        try:
            return Crawl(server.ask, keep, inbox.mark(crawl), limit).run().is_complete
        except (DiedError, PeerError):
            continue


@contextmanager
def inbox_in_memory() -> Iterator[Inbox]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(inboxes._SCHEMA)
    try:
        yield Inbox(connection)
    finally:
        connection.close()


EVENTS = some.sampled_from(["", "", "cut", "die before", "die after"])


@settings(max_examples=300, deadline=None)
@given(
    dates=some.lists(some.integers(0, 30), max_size=40),
    page=some.integers(1, 12),
    limit=some.integers(1, 20),
    has_next=some.booleans(),
    says_more=some.booleans(),
    script=some.lists(EVENTS, max_size=30),
)
def test_any_cut_and_resume_gives_the_full_set_each_once(
    dates: list[int], page: int, limit: int, has_next: bool, says_more: bool, script: list[str]
) -> None:
    server = Memory(dates, page, has_next=has_next, says_more=says_more, script=script)
    with inbox_in_memory() as inbox:
        complete = crawl_until_it_ends(server, inbox, limit)
        came = [each.id for each in inbox.waiting(inbox.crawl("memory", "all"))]
    assert len(came) == len(set(came))
    whole = sorted(came, key=int) == [str(number) for number in range(len(dates))]
    most_at_once = max((dates.count(date) for date in dates), default=0)
    if says_more or most_at_once < page:  # else a page of one moment looks like the last
        assert whole or not complete
    if has_next or most_at_once < page:
        assert complete
        assert whole


# The whole way: bytes cut on the wire, processes killed, the workspace and the inbox out of step.


_PAGE_BY_DATE = 14


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=some.dictionaries(some.integers(0, 14), some.floats(0, 1, exclude_max=True), max_size=10),
    by_date=some.booleans(),
    added=some.lists(some.integers(0, 12), min_size=27, max_size=27).map(sorted),
)
def test_an_answer_cut_at_any_byte_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, plan: dict[int, float], by_date: bool, added: list[int]
) -> None:
    # A server that knows dates alone cannot lead past a moment that fills its page.
    assume(not by_date or max(map(added.count, added)) < _PAGE_BY_DATE)
    where = Settings(workspace=tmp_path_factory.mktemp("pull"), cache=cache)
    objects = [indicator(number) for number in range(len(added))]
    kind = PlannedCutsByDate if by_date else PlannedCuts
    peer = kind(objects, added, plan)
    peer.page = _PAGE_BY_DATE if by_date else 4
    with serving(peer):
        for _ in range(6):
            found = pulled(where, peer)
            if not found.error:
                break
    assert (found.error, found.is_complete, found.waiting) == ("", True, 0)
    assert objects_in(where) == once_each(objects)


PULL = """
import sys
from pathlib import Path
from consilience.app.settings import settings
from consilience.cli.output import Console
from consilience.cli.pull import pull
console = Console(settings(Path(sys.argv[1])), False)
sys.exit(pull([*sys.argv[2:], "--page", "20"], obj=console, standalone_mode=False))
"""


@pytest.mark.slow
def test_a_pull_that_is_killed_again_and_again_ends_with_everything_once(where: Settings) -> None:
    class Slow(Peer):
        page = 20

        def answer(self, *request: Any) -> Any:
            time.sleep(0.03)
            return super().answer(*request)

    objects = [indicator(number) for number in range(610)]
    with serving(Slow(objects)) as peer:
        command = [sys.executable, "-c", PULL, str(where.workspace), peer.url]
        for more in (5, 9, 14):
            target = len(peer.requests) + more
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while len(peer.requests) < target:
                assert process.poll() is None
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait(20)
        with open_inbox(where.workspace) as inbox:
            came = inbox.counts(1)[0]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert 0 < came < len(objects), "the pull was killed in the middle"
    assert "Feed" in ended.stdout
    assert objects_in(where) == once_each(objects)


@pytest.mark.parametrize("step", ["_add", "_record", "filed"])
def test_a_process_that_dies_while_it_files_leaves_nothing_out_and_nothing_twice(
    where: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: object) -> None:
        raise DiedError

    objects = [indicator(number) for number in range(15)]
    with serving(Peer(objects)) as peer:
        with monkeypatch.context() as patch:
            patch.setattr(inboxes.Inbox if step == "filed" else filing_pulled.Filer, step, die)
            with pytest.raises(DiedError):
                pulled(where, peer)
        peer.rows += [(10**9 + number, encoded(indicator(100 + number))) for number in range(3)]
        found = pulled(where, peer)
    assert (found.waiting, found.error) == (0, "")
    assert objects_in(where) == once_each([*objects, *(indicator(100 + number) for number in range(3))])
