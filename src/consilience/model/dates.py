"""Dates that keep their precision: a year is a year, not the first of January.

A :data:`PartialDate` is text in the calendar part of ISO 8601 (EDTF level 0): ``2022``, ``2022-07``,
``2022-07-15`` or ``2022-07-15T10:30:00Z``. It sorts as text, travels as JSON text, and is never padded.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NewType

import msgspec

PartialDate = NewType("PartialDate", str)
UNKNOWN_DATE = PartialDate("")

_FORM = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?)?)?",
    re.ASCII,  # digits of other scripts would not sort with ours
)


def parse_date(text: str) -> PartialDate:
    """Return ``text`` as a partial date in UTC, or raise ``ValueError`` naming what is impossible in it.

    A clock time without a zone is taken as UTC, and fractions of a second are cut. An empty text is the unknown date.
    """
    text = text.strip()
    if not text:
        return UNKNOWN_DATE
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date of the form YYYY, YYYY-MM, YYYY-MM-DD or with a time: {text[:40]!r}")
    if match["year"] == "0000":
        raise ValueError("there is no year 0000")
    if match["clock"]:
        clock = match["clock"] if match["clock"].count(":") == 2 else match["clock"] + ":00"
        zone = match["zone"] or "Z"
        moment = datetime.fromisoformat(f"{match['year']}-{match['month']}-{match['day']}T{clock}{zone}")
        try:
            moment = moment.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(f"date out of range: {text!r}") from error
        return PartialDate(moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"))
    datetime(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
    return PartialDate(text)


def earliest(date: PartialDate) -> datetime:
    """Return the first moment that ``date`` may mean; raise ``ValueError`` for the unknown date."""
    if not date:
        raise ValueError("the unknown date has no earliest moment")
    if len(date) > 10:
        return datetime.fromisoformat(date)
    year, month, day = (*map(int, date.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)


def latest(date: PartialDate) -> datetime:
    """Return the last second that ``date`` may mean; raise ``ValueError`` for the unknown date."""
    start = earliest(date)
    if len(date) > 10:
        return start
    if len(date) == 10:
        return start + timedelta(seconds=86_399)
    year, month = (start.year + 1, 1) if len(date) == 4 or start.month == 12 else (start.year, start.month + 1)
    if year > 9999:
        return datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    return datetime(year, month, 1, tzinfo=UTC) - timedelta(seconds=1)


def days_apart(one: PartialDate, other: PartialDate) -> float | None:
    """Return the smallest gap in days that the two dates allow (0 where they overlap); ``None`` if one is unknown."""
    if not one or not other:
        return None
    gap = max(earliest(one), earliest(other)) - min(latest(one), latest(other))
    return max(0.0, gap.total_seconds() / 86_400)


class Period(msgspec.Struct, frozen=True, omit_defaults=True):
    """From ``first`` to ``last``, both included; an unknown end is empty, never today."""

    first: PartialDate = UNKNOWN_DATE
    last: PartialDate = UNKNOWN_DATE


def make_period(first: str, last: str = "") -> Period:
    """Return a checked period; raise ``ValueError`` where it cannot be, such as a last day before the first."""
    start, end = parse_date(first), parse_date(last)
    if start and end and earliest(start) > latest(end):
        raise ValueError(f"the period ends ({end}) before it begins ({start})")
    return Period(start, end)
