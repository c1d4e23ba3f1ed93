"""What a server gave out and took in, entered in the audit log without keeping a request waiting.

An entry costs two writes that reach the disk, and the log can be held by somebody who adds documents. So requests are
summed up by who, what and which collection, and entered every second by a thread of its own. A server that is killed
loses the last second of them; the objects it took are on the disk all the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self

import msgspec

from consilience.app.auditing import UNKNOWN_AUTHOR, record_event
from consilience.app.settings import Settings
from consilience.errors import StoreError
from consilience.exchange.audit_log import Action, Event, Thing

if TYPE_CHECKING:  # it brings the web framework
    from consilience.exchange.taxii.endpoints import ExchangeEvent

EVERY_SECONDS: Final = 1.0
MOST_SUMS: Final = 10_000
OTHERS: Final = "others"
"""Stands for who came when there were :data:`MOST_SUMS` already, as in a flood of logins from many addresses."""

_LOGIN_REFUSED: Final = 401


class _Sum(msgspec.Struct, frozen=True):
    """What is summed up under one entry."""

    action: Action
    author: str
    partner: str
    collection: str


class ExchangeRecorder:
    """Takes a server's events, from any thread, and enters them; a context manager that enters the last at its end.

    ``report`` is told, once for each reason, why nothing can be entered; what was not entered is kept and tried again.
    """

    def __init__(self, where: Settings, report: Callable[[str], None], every: float = EVERY_SECONDS) -> None:
        self._where = where
        self._report = report
        self._every = every
        self._sums: Counter[_Sum] = Counter()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._told = ""
        self._thread = threading.Thread(target=self._work, name="audit log", daemon=True)

    def __call__(self, event: ExchangeEvent) -> None:
        """Take an event; other refusals than those of a login, and answers without an object, are not entered."""
        made = _sum_of(event)
        if made is None:
            return
        with self._lock:
            if made not in self._sums and len(self._sums) >= MOST_SUMS:
                made = msgspec.structs.replace(made, author=OTHERS, partner=OTHERS, collection="")
            self._sums[made] += max(event.objects, 1)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.enter()
        if self._sums:
            self._report(f"{len(self._sums)} entries of the audit log could not be written and are lost")

    def _work(self) -> None:
        while not self._stop.wait(self._every):
            self.enter()

    def enter(self) -> None:
        """Enter what has come so far."""
        with self._lock:
            sums, self._sums = self._sums, Counter()
        while sums:
            each, objects = next(iter(sums.items()))
            try:
                record_event(self._where, _event_of(each, objects))
            except StoreError as error:
                self._complain(str(error))
                with self._lock:
                    self._sums.update(sums)
                return
            del sums[each]

    def _complain(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._report(f"the audit log cannot be written, and is tried again: {reason}")


def _sum_of(event: ExchangeEvent) -> _Sum | None:
    if event.status == _LOGIN_REFUSED:
        # Not the name that was tried: people type passwords there.
        return _Sum(Action.LOGIN_REFUSED, UNKNOWN_AUTHOR, event.address, "")
    if event.action not in (Action.RELEASED, Action.RECEIVED, Action.DELETED) or not event.objects:
        return None
    return _Sum(Action(event.action), event.account, event.address, event.collection)


def _event_of(made: _Sum, objects: int) -> Event:
    things = (Thing(kind="collection", id=made.collection, objects=objects),) if made.collection else ()
    return Event(action=made.action, author=made.author, partner=made.partner, things=things)
