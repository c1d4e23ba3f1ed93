"""Dates in English and French prose, each with the precision that the text gives it.

A day, a month or a year that is written out is taken as it stands. What is relative to the day of publication is
resolved only in plain cases: a weekday in the week before, last month, a month without a year (the year of
publication, or the year before where that month had not yet come). All else stays unknown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import datetime, timedelta
from typing import Final

import msgspec

from consilience.model.dates import UNKNOWN_DATE, PartialDate, earliest, parse_date


class FoundDate(msgspec.Struct, frozen=True):
    """A date in a text, with its place. ``relative`` is true where the day of publication was needed to read it."""

    start: int
    end: int
    date: PartialDate
    relative: bool = False


_MONTHS: Final = {
    "en": "january february march april may june july august september october november december",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_SHORT: Final = {
    "en": {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10}
    | {"nov": 11, "dec": 12},
    "fr": {"janv": 1, "févr": 2, "fevrier": 2, "avr": 4, "juill": 7, "aout": 8, "sept": 9, "oct": 10, "nov": 11}
    | {"déc": 12, "decembre": 12},
}
_WEEKDAYS: Final = {
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
}
_LAST_MONTH: Final = {"en": r"\blast\s+month\b", "fr": r"\ble\s+mois\s+dernier\b"}
_LAST_YEAR: Final = {"en": r"\blast\s+year\b", "fr": r"\bl['’]\s?(?:année\s+dernière|an\s+dernier)\b"}
_IN: Final = {"en": r"(?:in|since|during|of|by|early|late|mid)", "fr": r"(?:en|depuis|de|d['’]|début|fin|mi)"}
_NOT_PAST: Final = {"en": r"(?:next|coming)\s+\Z", "fr": r"\Z(?!)"}
_ISO: Final = re.compile(r"(?<![\w-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\w-])")


class _Reader:
    """The patterns of one language."""

    def __init__(self, lang: str) -> None:
        names = _MONTHS[lang].split()
        self.months = {name: number for number, name in enumerate(names, start=1)} | _SHORT[lang]
        self.weekdays = {name: number for number, name in enumerate(_WEEKDAYS[lang].split())}
        month = "(?P<month>" + "|".join(sorted(self.months, key=len, reverse=True)) + r")\b\.?"
        day, year = r"(?P<day>[0-3]?\d)", r"(?P<year>(?:19|20)\d\d)(?!\d|[.,]\d)"
        self.full: tuple[re.Pattern[str], ...]
        if lang == "en":
            self.full = (
                re.compile(rf"(?<![\w.]){day}(?:st|nd|rd|th)?\s+(?:of\s+)?{month},?\s+{year}", re.I),
                re.compile(rf"\b{month}\s+{day}(?:st|nd|rd|th)?,?\s+{year}", re.I),
            )
        else:
            self.full = (re.compile(rf"(?<![\w.]){day}(?:er)?\s+{month}\s+{year}", re.I),)
        self.month_year = re.compile(rf"\b{month},?\s+(?:de\s+|of\s+)?{year}", re.I)
        self.year = re.compile(rf"\b{_IN[lang]}[\s-]{{0,2}}{year}(?!\s*%)", re.I)
        # "the 2015 attack": what happened is called by its year.
        self.called = re.compile(rf"(?:(?<=\b[Tt]he\s)|(?<=\b[Aa]\s)|(?<=['’]s\s)){year}(?=\s+[a-z])")
        self.bare_month = re.compile(rf"\b{_IN[lang]}[\s-]{{0,2}}{month}(?!\s+\d)", re.I if lang == "fr" else 0)
        if lang == "en":
            named = "|".join(name.title() for name in names)
            self.bare_month = re.compile(
                rf"(?:\b{_IN[lang]}[\s-]{{1,2}}(?:early\s|late\s|mid-)?|(?<=\b[Tt]he\s)|(?<=\b[Ll]ast\s))"
                rf"(?P<month>{named})\b"
                r"(?!\s+\d)(?!\s+[A-Z])"
            )
        self.day_month = re.compile(
            rf"(?<![\w.]){day}(?:er|st|nd|rd|th)?\s+{month}(?!\s+\d)"
            if lang == "fr"
            else rf"\b{month}\s+{day}\b(?!,?\s*\d)",
            re.I,
        )
        self.weekday = re.compile(r"\b(?P<weekday>" + "|".join(self.weekdays) + r")\b(?!\s+\d)", re.I)
        self.last_month = re.compile(_LAST_MONTH[lang], re.I)
        self.last_year = re.compile(_LAST_YEAR[lang], re.I)
        self.not_past = re.compile(_NOT_PAST[lang], re.I)


_READERS: Final = {lang: _Reader(lang) for lang in _MONTHS}


def find_dates(text: str, lang: str, published: PartialDate = UNKNOWN_DATE) -> list[FoundDate]:
    """Return the dates of ``text`` in order of place; ``lang`` is ``en`` or ``fr``, and other languages give ISO dates.

    ``published`` is the day of publication; without it, what is relative is found and its date is unknown.
    """
    found: list[FoundDate] = []
    for match in _ISO.finditer(text):
        _keep(found, match, match[0])
    reader = _READERS.get(lang)
    if reader is None:
        return found
    _absolute(text, reader, found)
    _relative(text, reader, published, found)
    return found


def _absolute(text: str, reader: _Reader, found: list[FoundDate]) -> None:
    for pattern in reader.full:
        for match in pattern.finditer(text):
            month = reader.months[match["month"].lower()]
            _keep(found, match, f"{match['year']}-{month:02d}-{int(match['day']):02d}")
    for match in reader.month_year.finditer(text):
        _keep(found, match, f"{match['year']}-{reader.months[match['month'].lower()]:02d}")
    for match in (*reader.year.finditer(text), *reader.called.finditer(text)):
        _keep(found, match, match["year"])


def _relative(text: str, reader: _Reader, published: PartialDate, found: list[FoundDate]) -> None:
    """Add what is told from the day of publication; where that is not known well enough, the date is unknown."""
    day = earliest(published) if len(published) >= 7 else None
    for match in (*reader.day_month.finditer(text), *reader.bare_month.finditer(text)):
        number = reader.months[match["month"].lower()]
        ending = f"-{int(match['day']):02d}" if "day" in match.re.groupindex else ""
        year = f"{day.year - (number > day.month):04d}-{number:02d}" if day else ""
        _keep(found, match, year and year + ending, relative=True)
    for match in reader.last_month.finditer(text):
        _keep(found, match, f"{day.replace(day=1) - timedelta(days=1):%Y-%m}" if day else "", relative=True)
    for match in reader.last_year.finditer(text):
        _keep(found, match, f"{day.year - 1:04d}" if day else "", relative=True)
    for match in reader.weekday.finditer(text):
        if not reader.not_past.search(text, max(0, match.start() - 10), match.start()):
            exact = day if len(published) >= 10 else None
            number = reader.weekdays[match["weekday"].lower()]
            _keep(found, match, _weekday_before(exact, number) if exact else "", relative=True)


def _weekday_before(day: datetime, weekday: int) -> str:
    """Return the latest such weekday that is not after ``day``: a report speaks of the week behind it."""
    return f"{day - timedelta(days=(day.weekday() - weekday) % 7):%Y-%m-%d}"


def _keep(found: list[FoundDate], match: re.Match[str], date: str, relative: bool = False) -> None:
    """Add a date at its place, unless that is taken or no calendar has that day."""
    at = bisect_left(found, match.start(), key=lambda each: each.end - 1)
    if at < len(found) and found[at].start < match.end():
        return
    try:
        found.insert(at, FoundDate(match.start(), match.end(), parse_date(date), relative))
    except ValueError:
        return
