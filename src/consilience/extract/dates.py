"""Dates in prose, in ten languages, each with the precision that the text gives it.

A day, a month, a year or an interval that is written out is taken as it stands. What is told from the day of
publication ("last Thursday", "two weeks ago", "in March" without a year) is resolved where that day is known well
enough; else it is found and its date is unknown. Nothing that lies ahead is read from the day of publication. What a
calendar does not have (31 February, the year 0) is no date.

Which of three dates one is (of what happened, of what was said, of publication) is for the reader of claims to say.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from datetime import date, timedelta
from typing import Final

import msgspec

from consilience.extract.date_patterns import DateReader, date_reader
from consilience.extract.iranian_calendar import gregorian, month_length
from consilience.model.dates import UNKNOWN_DATE, PartialDate, Period, earliest, parse_date

_ISO: Final = re.compile(r"(?<![\w-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\w-])")
_NEAR: Final = 16
# The days of "early", "mid" and "late" in a month, and the months in a year. A third each: a convention of ours.
_THIRDS_OF_MONTH: Final = ((1, 10), (11, 20), (21, 31))
_THIRDS_OF_YEAR: Final = ((1, 4), (5, 8), (9, 12))
# Months of the seasons of the northern hemisphere, where nearly all publishers are; a winter has two years.
_SEASONS: Final = ((3, 5), (6, 8), (9, 11))


class FoundDate(msgspec.Struct, frozen=True):
    """A date in a text, with its place. ``relative`` is true where the day of publication was needed to read it.

    ``date`` holds all that is meant: a day, a month, a year, or unknown. ``first`` and ``last`` say it more closely
    where the text does: for "15–17 July 2022" they are those two days, and ``date`` is the month.
    """

    start: int
    end: int
    date: PartialDate
    relative: bool = False
    first: PartialDate = UNKNOWN_DATE
    last: PartialDate = UNKNOWN_DATE

    @property
    def period(self) -> Period:
        """From when to when, as closely as the text says; both ends unknown for an unknown date."""
        return Period(self.first, self.last)

    @property
    def precision(self) -> str:
        """``day``, ``month``, ``year``, ``interval`` or ``unknown``."""
        if self.first != self.last:
            return "interval"
        return {0: "unknown", 4: "year", 7: "month"}.get(len(self.first), "day")


_Span = tuple[str, str]
_UNKNOWN: Final[_Span] = ("", "")


def find_dates(text: str, lang: str, published: PartialDate = UNKNOWN_DATE) -> list[FoundDate]:
    """Return the dates of ``text`` in order of place; a language without patterns gives dates of the form ISO 8601.

    ``published`` is the day of publication; without it, what is relative is found and its date is unknown.
    """
    found: list[FoundDate] = []
    reader = date_reader(lang)
    if reader is None:
        for match in _ISO.finditer(text):
            _keep(found, match, (match[0], match[0]))
        return found
    for match in _ISO.finditer(text):
        _keep(found, match, (match[0], match[0]))
    windows = reader.windows(text)
    for pattern, needs in reader.patterns:
        for start, end, kinds in windows:
            if needs in kinds:
                for match in pattern.finditer(text, start, end):
                    _read(found, match, reader, text, published)
    for pattern, offset in reader.relative:
        for start, end, kinds in windows:
            if "relative" in kinds:
                for match in pattern.finditer(text, start, end):
                    if not _ahead(reader, text, match):
                        span = _from_publication(published, offset.count, offset.unit)
                        _keep(found, match, span, relative=True)
    return found


def _read(found: list[FoundDate], match: re.Match[str], reader: DateReader, text: str, published: PartialDate) -> None:
    """Add what a pattern found, unless it lies ahead or no calendar has it."""
    groups = {name: value for name, value in match.groupdict().items() if value}
    relative = not groups.keys() & {"year", "iranian"}
    if relative and _ahead(reader, text, match):
        return
    try:
        span = _span(groups, reader, published, _strictly_before(groups, reader, text, match))
    except (ValueError, OverflowError):
        return
    _keep(found, match, span, relative)


def _span(groups: dict[str, str], reader: DateReader, published: PartialDate, strictly: bool) -> _Span:
    """Return the first and the last date that the words mean; raise ``ValueError`` where there is no such date."""
    if "iranian" in groups or "iranian_month" in groups:
        return _iranian(groups, reader, published)
    if "weekday" in groups:
        return _weekday(reader.place("weekdays", groups["weekday"]), published, strictly, "last_week" in groups)
    if "count" in groups:
        count = groups["count"]
        number = int(count) if count.isdecimal() else reader.place("counts", count) + 1
        return _from_publication(published, -number, reader.place("units", groups["unit"]))
    if "year" not in groups:
        return _without_year(groups, reader, published)
    year = int(groups["year"])
    if "one" in groups:
        return _either_order(year, int(groups["one"]), int(groups["other"]))
    if months := _months_of(groups, reader):
        return f"{year:04d}-{months[0]:02d}", f"{year:04d}-{months[1]:02d}"
    if "season" in groups:  # winter
        return f"{year:04d}", f"{year:04d}"
    return _written(groups, reader, year)


def _months_of(groups: dict[str, str], reader: DateReader) -> tuple[int, int] | None:
    """Return the first and last month of a quarter, a half-year or a season, if the words name one."""
    if "quarter" in groups or "quarter_word" in groups:
        quarter = int(groups.get("quarter") or reader.place("ordinals", groups["quarter_word"]) + 1)
        return 3 * quarter - 2, 3 * quarter
    if "half" in groups:
        half = reader.place("halves", groups["half"])
        return 6 * half + 1, 6 * half + 6
    if "season" in groups and (season := reader.place("seasons", groups["season"])) < len(_SEASONS):
        return _SEASONS[season]
    return None


def _written(groups: dict[str, str], reader: DateReader, year: int) -> _Span:
    """Return a day, a month, a year, or a range of them."""
    month, month2 = _month(groups, reader, ""), _month(groups, reader, "2")
    year2 = int(groups.get("year2") or year)
    if "day" in groups:
        first = _day(year, month, int(groups["day"]))
        if "day2" not in groups:
            return first, first
        return _ordered(first, _day(year2, month2 or month, int(groups["day2"])))
    if "part" in groups:
        return _part(reader.place("parts", groups["part"]), year, month)
    if month:
        first = f"{year:04d}-{month:02d}"
        return _ordered(first, f"{year2:04d}-{month2:02d}") if month2 else (first, first)
    return _ordered(f"{year:04d}", f"{year2:04d}")


def _month(groups: dict[str, str], reader: DateReader, which: str) -> int:
    """Return a month by its number or its name; 0 where none is given."""
    if number := groups.get("number" + which):
        return int(number)
    name = groups.get("month" + which)
    return reader.place("months", name.rstrip(".")) + 1 if name else 0


def _day(year: int, month: int, day: int) -> str:
    return date(year, month, day).isoformat()


def _ordered(first: str, last: str) -> _Span:
    if first > last:
        raise ValueError(f"a period from {first} to {last}")
    return first, last


def _part(part: int, year: int, month: int) -> _Span:
    """Return the early, middle or late third of a month or a year."""
    if not month:
        begin, end = _THIRDS_OF_YEAR[part]
        return f"{year:04d}-{begin:02d}", f"{year:04d}-{end:02d}"
    begin, end = _THIRDS_OF_MONTH[part]
    return _day(year, month, begin), _day(year, month, min(end, calendar.monthrange(year, month)[1]))


def _either_order(year: int, one: int, other: int) -> _Span:
    """Return the day of "9/7/2022" where only one order is possible, else the year: English has both orders."""
    if one == other or one > 12:
        day = _day(year, other, one)
    elif other > 12:
        day = _day(year, one, other)
    else:
        return f"{year:04d}", f"{year:04d}"
    return day, day


def _without_year(groups: dict[str, str], reader: DateReader, published: PartialDate) -> _Span:
    """Return a month, a day of a month, or a day, of the year up to publication."""
    if len(published) < 7:
        return _UNKNOWN
    said = earliest(published)
    month = _month(groups, reader, "")
    if month:
        return _written(groups, reader, said.year - (month > said.month))
    day = int(groups["day"])
    if len(published) < 10:
        return _UNKNOWN
    at = said.date() if day <= said.day else said.date().replace(day=1) - timedelta(days=1)
    found = _day(at.year, at.month, day)
    return found, found


def _iranian(groups: dict[str, str], reader: DateReader, published: PartialDate) -> _Span:
    """Return Gregorian dates for those of the Iranian calendar."""
    month = int(groups.get("number", 0)) or (
        reader.place("iranian", groups["iranian_month"]) + 1 if "iranian_month" in groups else 0
    )
    if "iranian" not in groups:
        if len(published) < 10:
            return _UNKNOWN
        said = earliest(published).date()
        year = said.year - 621
        year -= gregorian(year, month, int(groups["day"])) > said
    else:
        year = int(groups["iranian"])
    if "season" in groups:
        month = 3 * reader.place("seasons", groups["season"]) + 1
        begin, end = gregorian(year, month, 1), gregorian(year, month + 2, month_length(year, month + 2))
    elif not month:
        begin, end = gregorian(year, 1, 1), gregorian(year, 12, month_length(year, 12))
    else:
        length = month_length(year, month)
        days = _THIRDS_OF_MONTH[reader.place("parts", groups["part"])] if "part" in groups else (1, length)
        first = int(groups.get("day") or days[0])
        last = int(groups.get("day2") or groups.get("day") or min(days[1], length))
        begin, end = gregorian(year, month, first), gregorian(year, month, last)
    return _ordered(begin.isoformat(), end.isoformat())


def _weekday(weekday: int, published: PartialDate, strictly: bool, last_week: bool) -> _Span:
    """Return the latest such weekday up to publication; of the week before where the text says so."""
    if len(published) < 10:
        return _UNKNOWN
    said = earliest(published).date()
    if last_week:
        day = said - timedelta(days=said.weekday() + 7 - weekday)
    else:
        day = said - timedelta(days=(said.weekday() - weekday) % 7)
        if strictly and day == said:
            day -= timedelta(days=7)
    return day.isoformat(), day.isoformat()


def _from_publication(published: PartialDate, count: int, unit: int) -> _Span:
    """Return the day, the week from Monday, the month or the year that lies ``count`` units from publication."""
    if len(published) < (10, 10, 7, 4)[unit]:
        return _UNKNOWN
    said = earliest(published).date()
    try:
        if unit <= 1:
            day = said + timedelta(days=count * (7 if unit else 1))
            if unit == 0:
                return day.isoformat(), day.isoformat()
            monday = day - timedelta(days=day.weekday())
            return monday.isoformat(), (monday + timedelta(days=6)).isoformat()
        months = said.year * 12 + said.month - 1 + count * (1 if unit == 2 else 12)
        text = f"{date(months // 12, months % 12 + 1, 1):%Y-%m}".rjust(7, "0")
    except (ValueError, OverflowError):
        return _UNKNOWN
    return (text, text) if unit == 2 else (text[:4], text[:4])


def _strictly_before(groups: dict[str, str], reader: DateReader, text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - _NEAR) : match.start()]
    return "last" in groups or bool(reader.last_before.search(before) or reader.last_after.match(text, match.end()))


def _ahead(reader: DateReader, text: str, match: re.Match[str]) -> bool:
    """True where the words beside a date say that it is to come."""
    before = text[max(0, match.start() - _NEAR) : match.start()]
    return bool(reader.coming_before.search(before) or reader.coming_after.match(text, match.end()))


def _keep(found: list[FoundDate], match: re.Match[str], span: _Span, relative: bool = False) -> None:
    """Add a date at its place, unless that is taken or no calendar has that day."""
    start, end = match.span()
    at = bisect_left(found, start, key=lambda each: each.end - 1)
    if at < len(found) and found[at].start < end:
        return
    try:
        first, last = parse_date(span[0]), parse_date(span[1])
    except ValueError:
        return
    found.insert(at, FoundDate(start, end, _common(first, last), relative, first, last))


def _common(first: PartialDate, last: PartialDate) -> PartialDate:
    """Return the day, month or year that holds both ends, or the unknown date where none does."""
    if first == last:
        return first
    shared = []
    for one, other in zip(first.split("-"), last.split("-"), strict=False):
        if one != other:
            break
        shared.append(one)
    return PartialDate("-".join(shared))
