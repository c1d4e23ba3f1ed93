"""Every error that Consilience raises on purpose, in one tree.

::

    ConsilienceError                what, where (file, place), why
    ├── InputError                  bytes from outside that cannot be taken
    │   ├── FormatError             not what it claims to be, or not readable as such
    │   └── LimitError              too large, too deep, or expands too far
    ├── CaseError                   a case folder or its case.yaml is wrong
    ├── StoreError                  the workspace cannot be read or written
    │   └── SchemaVersionError      written by a newer Consilience
    ├── KnowledgeError              the installed or updated knowledge cannot be read
    ├── UnknownNameError            nothing carries the name that was asked for
    ├── MarkingError                a marking forbids what was asked
    ├── EngineError                 an engine elsewhere failed (engine.interface)
    ├── PeerError                   a server of others did not give what was asked (exchange.taxii_client)
    └── RefusalError                our server answers a request with an error (exchange.taxii)

Readers collect :class:`Reject` values for parts of a file that cannot be used and go on; they raise only when
nothing of the file can be used. The analysis raises.
"""

from __future__ import annotations


class ConsilienceError(Exception):
    """Base of all errors raised on purpose.

    ``reason`` is one sentence without a final stop; ``file`` and ``place`` say where, and are empty where the
    error has no place in a file. ``str(error)`` reads ``file: place: reason``.
    """

    def __init__(self, reason: str, *, file: str = "", place: str = "") -> None:
        self.reason = reason
        self.file = file
        self.place = place
        super().__init__(": ".join(part for part in (file, place, reason) if part))


class InputError(ConsilienceError):
    """Bytes from outside that cannot be taken."""


class FormatError(InputError):
    """The bytes are not what they claim to be, or cannot be read as such."""


class LimitError(InputError):
    """The input is too large, too deeply nested, or expands too far."""


class CaseError(ConsilienceError):
    """A case folder or its ``case.yaml`` is wrong."""


class StoreError(ConsilienceError):
    """The workspace cannot be read or written."""


class SchemaVersionError(StoreError):
    """The workspace was written by a newer version of Consilience."""


class KnowledgeError(ConsilienceError):
    """Installed or updated knowledge cannot be read."""


class UnknownNameError(ConsilienceError):
    """Nothing known carries the name that was asked for."""


class MarkingError(ConsilienceError):
    """A marking forbids what was asked."""
