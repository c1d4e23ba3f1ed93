"""The dates of addition that servers give, in the forms that are met.

The standard wants RFC 3339 with six digits (TAXII 2.1, 2 and 3.2). Met are fewer digits, offsets, a space for the T,
the date of HTTP, and JavaScript's own text (MITRE's ATT&CK server).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,30}))? ?(?:([Zz]|UTC)|([+-]\d\d):?(\d\d))?", re.ASCII
)
_JAVASCRIPT: Final = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d) GMT([+-]\d{4})(?: \(.{1,60}\))?", re.ASCII
)


class Moment(msgspec.Struct, frozen=True, order=True):
    """A moment in microseconds since 1970, told to ``grain`` microseconds: the server may have rounded it by that."""

    microseconds: int
    grain: int = 1

    @property
    def just_before(self) -> int:
        """The latest moment that lies before all that may be meant, in microseconds since 1970."""
        return self.microseconds - self.grain


def read_date(text: str) -> Moment | None:
    """Return the moment that a header tells, ``None`` where it tells none. A time without a zone is UTC."""
    text = text.strip()[:100]
    try:
        return _from_iso(text) or _from_javascript(text) or _from_http(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _from_iso(text: str) -> Moment | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    date, time, fraction, _, hours, minutes = match.groups()
    found = datetime.fromisoformat(f"{date}T{time}{hours or '+00'}:{minutes or '00'}")
    digits = (fraction or "")[:6]
    return Moment(_microseconds(found) + int(digits.ljust(6, "0")), 10 ** (6 - len(digits)))


def _from_javascript(text: str) -> Moment | None:
    match = _JAVASCRIPT.fullmatch(text)
    if match is None:
        return None
    return Moment(_microseconds(datetime.strptime(f"{match[1]} {match[2]}", "%b %d %Y %H:%M:%S %z")), _SECOND)


def _from_http(text: str) -> Moment | None:
    found = parsedate_to_datetime(text)
    return Moment(_microseconds(found if found.tzinfo else found.replace(tzinfo=UTC)), _SECOND)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
