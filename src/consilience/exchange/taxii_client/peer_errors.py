"""What goes wrong at the other end."""

from __future__ import annotations

from consilience.errors import ConsilienceError


class PeerError(ConsilienceError):
    """A server that did not give what was asked of it.

    ``status`` is its HTTP status, 0 where no whole answer came. ``transient``: the same request may succeed later, and
    the server may or may not have acted on it.
    """

    def __init__(self, reason: str, url: str, *, status: int = 0, transient: bool = False) -> None:
        self.status = status
        self.transient = transient
        super().__init__(reason, file=url)
