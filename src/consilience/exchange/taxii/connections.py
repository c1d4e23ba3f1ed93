"""Connections of uvicorn that end where nothing comes of them.

Uvicorn closes a connection that is silent after an answer. One that sends a byte of its headers now and then
(Slowloris) it keeps; here it is closed when no request was completed for a whole period.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class ImpatientConnection(H11Protocol):
    """A connection that has between one and two periods to complete its next request line and headers."""

    period: ClassVar[float] = 15.0
    """Seconds."""

    _watch: asyncio.TimerHandle | None = None
    _seen: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(self.period, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Close the connection where no request is being answered and none came since the last look."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self._seen is self.cycle:
            self.transport.close()
            return
        self._seen = self.cycle
        self._watch = self.loop.call_later(self.period, self._look)
