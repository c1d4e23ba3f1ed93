"""The ``next`` of a page: where it ended, under a message authentication code.

It holds the date_added of the last object that was given out and nothing else, so it says nothing that the page did not
say; the same ``next`` gives the same page however often it is sent. The code binds it to the account, the collection,
the endpoint and the ``match`` filters (3.5: "the same original query options"). ``limit`` and ``added_after`` are left
free: clients are seen to change them between pages, and neither can take a client anywhere that it could not ask for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

import msgspec

from consilience.exchange.taxii.filters import Filters
from consilience.exchange.taxii.refusals import bad_request

_CODE_BYTES: Final = 16
_POSITION: Final = struct.Struct(">q")
_encode: Final = msgspec.json.Encoder().encode


class CursorScope(msgspec.Struct, frozen=True):
    """What a ``next`` is good for."""

    account: str
    collection: str
    endpoint: str

    def code(self, key: bytes, position: bytes, filters: Filters) -> bytes:
        """Return the message authentication code of ``position`` within this scope."""
        versions = filters.versions
        words = (versions.every, versions.first, versions.last, sorted(versions.keys)) if versions else None
        match = (sorted(filters.ids), sorted(filters.types), words, sorted(filters.spec_versions))
        text = _encode((self.account, self.collection, self.endpoint, match))
        return hmac.digest(key, position + text, hashlib.sha256)[:_CODE_BYTES]


def write_cursor(key: bytes, scope: CursorScope, filters: Filters, last_added: int) -> str:
    """Return the ``next`` of a page that ended with ``last_added`` (microseconds since 1970)."""
    position = _POSITION.pack(last_added)
    return base64.urlsafe_b64encode(position + scope.code(key, position, filters)).decode("ascii")


def read_cursor(key: bytes, scope: CursorScope, filters: Filters) -> int | None:
    """Return the date_added after which ``filters.next`` goes on, or ``None`` where the request has none.

    An empty ``next`` is none: taxii2-client sends it. Raises :class:`RefusalError` (400) for a ``next`` that was made
    up, changed, or given out to another account or for another query (appendix B: it must not be trusted).
    """
    if not filters.next:
        return None
    try:
        data = base64.b64decode(filters.next.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise bad_request("next is not a value that this server gave out") from error
    position, code = data[: _POSITION.size], data[_POSITION.size :]
    if len(position) < _POSITION.size or not hmac.compare_digest(code, scope.code(key, position, filters)):
        raise bad_request("next was not given out for this account, collection and query")
    moment: int = _POSITION.unpack(position)[0]
    return moment
