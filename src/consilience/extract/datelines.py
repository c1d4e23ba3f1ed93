"""The date that a text gives itself: a line near its top that holds a date and nothing else to speak of."""

from __future__ import annotations

import re
from typing import Final

from consilience.extract.dates import find_dates
from consilience.model.dates import UNKNOWN_DATE, PartialDate

_LINES: Final = 8
_LONGEST: Final = 80
# What may stand beside the date: a place, a weekday, "Published on", an hour.
_WORDS_BESIDE: Final = 5
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


def dateline(text: str, lang: str) -> PartialDate:
    """Return the day in the first lines of ``text``, or the unknown date; a day that the text tells of is none.

    A line counts if it is one of the first eight that are not empty, has 80 characters at most, gives one day that is
    written out, and holds five words at most beside it. Two lines with different days give none.
    """
    lines = [line.strip() for line in text[:4000].splitlines() if line.strip()][:_LINES]
    days = set()
    for line in lines:
        if len(line) > _LONGEST:
            continue
        found = find_dates(line, lang)
        if len(found) != 1 or found[0].precision != "day" or found[0].relative:
            continue
        beside = line[: found[0].start] + line[found[0].end :]
        if len(_WORD.findall(beside)) <= _WORDS_BESIDE and not line.endswith((".", "?", "!")):
            days.add(found[0].date)
    return days.pop() if len(days) == 1 else UNKNOWN_DATE
