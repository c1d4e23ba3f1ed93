"""TAXII timestamps (2: RFC 3339, UTC, six digits) as whole microseconds, and STIX versions as text that sorts.

Strict in what is written, tolerant in what is read: clients leave the microseconds out.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FORM: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,30}))?[Zz]", re.ASCII)


def parse_timestamp(text: str) -> int:
    """Return microseconds since 1970; digits after the sixth are dropped. Raises ``ValueError``."""
    date, time, fraction = _parts(text)
    moment = datetime.fromisoformat(f"{date}T{time}+00:00")
    return (moment - _EPOCH) // _MICROSECOND + int(fraction[:6].ljust(6, "0"))


def format_timestamp(microseconds: int) -> str:
    """Return microseconds since 1970 as a TAXII timestamp."""
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def version_key(text: str) -> str:
    """Return a STIX timestamp in a form that sorts as its moment does, whatever its digits. Raises ``ValueError``.

    ``…:05.1Z`` and ``…:05.100Z`` are the same moment, and so the same version.
    """
    date, time, fraction = _parts(text)
    datetime.fromisoformat(f"{date}T{time}+00:00")
    digits = fraction.rstrip("0")
    return f"{date}T{time}.{digits}" if digits else f"{date}T{time}"


def _parts(text: str) -> tuple[str, str, str]:
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"not a timestamp of the form YYYY-MM-DDTHH:MM:SS.ssssssZ: {text[:40]!r}")
    return match[1], match[2], match[3] or ""
