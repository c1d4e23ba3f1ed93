"""Through a collection from a date on, to its end, whatever of paging the server gets wrong.

Two ways lead on. ``next`` goes with the same query as before and is used **once**: medallion answers the same ``next``
twice with two different pages, so after an answer that did not come whole it would skip one. The date of the last
object goes with a new query and can be repeated; it is taken from a little before, since several objects may have been
added at one moment, of which the page held some. So:

- while answers come, ``next`` is followed where there is one, else the date;
- after a cut, a refused ``next``, or a page that came before, the date is followed; without dates, from the beginning;
- a page that says that it is the last is believed when the query by its date gives nothing more;
- objects that come again are known by the one who keeps them: nothing is doubled, and nothing left out.

The clauses are TAXII 2.1, 3.4 (``added_after``), 3.5 (paging) and 3.2 (the date headers).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec

from consilience.errors import LimitError
from consilience.exchange.taxii_client.dates import Moment
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.resources import Page

MOST_PAGES: Final = 100_000
MOST_RESTARTS: Final = 5
"""Cuts in a row without a new object, or a later date, between them."""

MOST_EMPTY_PAGES: Final = 100
LARGEST_LIMIT: Final = 64_000
_REFUSES_A_PARAMETER: Final = frozenset({400, 422})
_NOT_ALLOWED: Final = frozenset({401, 403})


class Query(msgspec.Struct, frozen=True):
    """What is asked for: ``added_after`` in microseconds since 1970; for a ``limit`` of 0 the server chooses."""

    added_after: int | None
    limit: int
    next: str


class Crawled(msgspec.Struct, frozen=True, kw_only=True):
    """How a crawl went. ``is_complete`` is false where the server says that there is more and no way leads to it.

    ``notes`` are sentences on what the server got wrong.
    """

    pages: int
    is_complete: bool
    notes: tuple[str, ...]


Ask = Callable[[Query], Page]
Keep = Callable[[tuple[bytes, ...], Moment | None], int]
"""Keeps the objects of a page and, with them, from where to go on after a cut (``None``: from the beginning); returns
how many objects were new."""


class Crawl:
    """One pass. ``start`` is from when on, ``None`` for everything; ``limit`` how many objects a page should have."""

    def __init__(self, ask: Ask, keep: Keep, start: Moment | None, limit: int) -> None:
        self._ask, self._keep = ask, keep
        self._start = start
        self._after = start.just_before if start else None
        self._wanted = self._limit = limit
        self._reached: Moment | None = None
        self._by_next = self._by_date = True
        self._gives_next = False
        self._without = ""  # the parameter that is left out to see whether it was that
        self._left_out = 0
        self._in_order = True
        self._last: Moment | None = None
        self._pages = self._restarts = self._empty = 0
        self._before = 0  # as many objects as the page before had, where that was fewer than were asked for
        self._usual = 0  # as many objects as a page had behind which something new came
        self._walled = 0  # as many objects as were given of one moment before more were asked for
        self._doubt = False
        self._seen: set[bytes] = set()
        self._complete = True
        self._notes: dict[str, None] = {}

    def run(self) -> Crawled:
        """Go to the end. Raises :class:`PeerError` where the server does not let us; what was kept is kept."""
        cursor = ""
        while True:
            page = self._page(cursor)
            if page is None:
                cursor = ""
                continue
            again = self._take(page)
            cursor = self._cursor(page, again=again)
            if not cursor and not self._on_by_date(page):
                break
        if not self._in_order:
            self._keep((), self._newest())
        return Crawled(pages=self._pages, is_complete=self._complete, notes=tuple(self._notes))

    def _page(self, cursor: str) -> Page | None:
        """Return the next page, or ``None`` where another query has to be made instead of this one."""
        if self._pages >= MOST_PAGES:
            raise LimitError(f"the collection has more than {MOST_PAGES:,} pages; what came is kept")
        try:
            page = self._ask(Query(self._after, self._limit, cursor))
        except PeerError as error:
            if error.status in _NOT_ALLOWED:
                raise
            if cursor:
                self._leave_chain(error)
            else:
                self._leave_out_a_parameter(error)
            return None
        if self._without:
            self._notes[f"the server refuses `{self._without}`"] = None
            self._by_date = self._by_date and self._without != "added_after"
            self._wanted, self._without = self._limit, ""
        return page

    def _leave_out_a_parameter(self, error: PeerError) -> None:
        """Try without ``limit``, then without ``added_after``, where the server refuses a query with them."""
        if error.status not in _REFUSES_A_PARAMETER:
            raise error
        if self._limit and not self._without:
            self._left_out, self._limit, self._without = self._limit, 0, "limit"
        elif self._after is not None and self._without != "added_after":
            self._limit, self._after, self._without = self._left_out, None, "added_after"
        else:
            raise error

    def _leave_chain(self, error: PeerError) -> None:
        if not error.transient:
            self._by_next = False
            self._notes["the server refuses its own `next`"] = None
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            raise error
        resume = (self._reached if self._in_order else None) or self._start
        self._after = resume.just_before if resume else None
        self._begin_chain()

    def _begin_chain(self) -> None:
        self._seen.clear()
        self._last = None
        self._empty = 0

    def _take(self, page: Page) -> bool:
        """Keep a page; return whether it came before in this chain."""
        self._pages += 1
        self._gives_next = self._gives_next or bool(page.next)
        fingerprint = hashlib.sha256(b"\0".join(page.objects)).digest()
        again = bool(page.objects) and fingerprint in self._seen
        self._seen.add(fingerprint)
        if not again and page.first and not self._follows(page.first, page.last):
            self._notes["the server does not sort by date of addition; a cut begins this pull anew"] = None
            self._in_order = False
        before = self._reached
        if page.last:
            self._last = page.last
            self._reached = max(page.last, before) if before else page.last
        new = self._keep(page.objects, self._newest() if self._in_order else self._start)
        if new or self._reached != before:
            self._restarts = 0
        if self._doubt and page.objects:
            self._say_gap()
        self._doubt = False
        self._empty = 0 if page.objects else self._empty + 1
        if new:
            self._usual = max(self._usual, self._before)
        self._before = len(page.objects) if not self._limit or len(page.objects) < self._limit else 0
        return again

    def _follows(self, first: Moment, last: Moment | None) -> bool:
        """Tell whether a page lies behind the one before it in this chain, and its end behind its beginning."""
        if last and last.microseconds < first.just_before:
            return False
        return self._last is None or first.microseconds >= self._last.just_before

    def _newest(self) -> Moment | None:
        """Return the date up to which the collection has been read, now or before."""
        return max((each for each in (self._start, self._reached) if each), default=None)

    def _cursor(self, page: Page, *, again: bool) -> str:
        """Return the ``next`` to follow, empty where the date has to be followed."""
        if not self._by_next or not page.next or (not page.objects and not page.more):
            return ""
        if again or self._empty > MOST_EMPTY_PAGES:
            self._by_next = False
            self._notes["the server's `next` leads to the same page again"] = None
            return ""
        return page.next

    def _on_by_date(self, page: Page) -> bool:
        """Set the query by date that follows a page without ``next``; return ``False`` at the end."""
        self._begin_chain()
        if not page.objects:
            if page.more:
                self._say_gap()
            return False
        if page.last is None or not self._in_order or not self._by_date:
            if self._more(page):
                self._say_gap()
            return False
        if self._after is None or page.last.just_before > self._after:
            self._after, self._limit, self._walled = page.last.just_before, self._wanted, 0
            return True
        return self._past_the_moment(page, page.last)

    def _past_the_moment(self, page: Page, last: Moment) -> bool:
        """Go on behind a page whose objects were all added at the moment at which it was asked to begin."""
        size, more = len(page.objects), self._more(page)
        bounds = [each for each in (self._usual, self._limit) if each]
        full = more or (bounds and size >= min(bounds))
        if not full or (self._after is not None and last.microseconds <= self._after):
            if more:
                self._say_gap()
            return False
        if self._limit and size > self._walled and self._limit * 2 <= LARGEST_LIMIT:
            self._walled, self._limit = size, self._limit * 2
            return True
        if more is not False:
            self._say_gap()
        self._doubt = more is False
        self._after, self._limit, self._walled = last.microseconds, self._wanted, 0
        return True

    def _more(self, page: Page) -> bool | None:
        """Return whether there is more behind a page with objects, ``None`` where nothing tells."""
        if page.more is not None:
            return page.more
        return True if page.next else False if self._gives_next else None

    def _say_gap(self) -> None:
        self._complete = False
        self._notes["the server has more, or may have, and gives neither `next` nor a date that leads to it"] = None
