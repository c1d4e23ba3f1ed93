"""The Iranian (Solar Hijri) calendar in Gregorian dates.

A year begins with the day of the vernal equinox; in the years treated here those of 366 days fall in a cycle of 33
(Birashk, A Comparative Calendar of the Iranian, Muslim Lunar, and Christian Eras, 1993; Borkowski 1996).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

_LEAP_IN_33: Final = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
_EPOCH_YEAR: Final = 1400
_EPOCH: Final = date(2021, 3, 21)
FIRST_YEAR: Final = 1300
LAST_YEAR: Final = 1450


def is_leap(year: int) -> bool:
    """Say whether the Iranian year has 366 days."""
    return year % 33 in _LEAP_IN_33


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month: 31 in the first six, then 30, and 29 or 30 in the last."""
    if month <= 6:
        return 31
    return 30 if month < 12 or is_leap(year) else 29


def gregorian(year: int, month: int, day: int) -> date:
    """Return the Gregorian date; raise ``ValueError`` for a day that the calendar does not have, or a far year."""
    if not FIRST_YEAR <= year <= LAST_YEAR or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        raise ValueError(f"no day of the Iranian calendar between {FIRST_YEAR} and {LAST_YEAR}: {year}-{month}-{day}")
    if year >= _EPOCH_YEAR:
        days = sum(365 + is_leap(each) for each in range(_EPOCH_YEAR, year))
    else:
        days = -sum(365 + is_leap(each) for each in range(year, _EPOCH_YEAR))
    return _EPOCH + timedelta(days + sum(month_length(year, each) for each in range(1, month)) + day - 1)
