"""Numbers and dates as a reader sees them, in each language. Every figure of the dossier is printed through here.

A probability is printed in whole per cent and never as 0 or 100: the method does not know certainty. A weight is
printed in decibans with the two decimals that the assessment holds, so that the printed bars add up.
"""

from __future__ import annotations

import math
import re
from typing import Final

from consilience.model.dates import PartialDate, Period, parse_date
from consilience.report.catalogue import NARROW_SPACE, NO_BREAK_SPACE, catalogue

MINUS: Final = "\u2212"

_MONTHS: Final = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
}

# A period from the first to the last moment of one day is that day.
_WHOLE_DAY = re.compile(r"(?:T00:00:00Z)? (?:T23:59(?::59)?Z|T23:59:59\.\d+Z|T00:00:00Z)?")

# Hebrew, Arabic and their extensions, and the controls that could turn the text around them (UAX #9).
_TURNS = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def percent(probability: float, lang: str) -> str:
    """Return a probability in [0, 1] as whole per cent: ``<1 %`` under 0.01, ``>99 %`` over 0.99, never 0 or 100."""
    if probability < 0.01:
        number = "<1"
    elif probability > 0.99:
        number = ">99"
    else:
        number = f"{probability * 100:.0f}"
    return catalogue(lang).text("number.percent", n=number)


def percent_words(probability: float, lang: str) -> str:
    """Return a probability for running text: as :func:`percent`, with ``more than 99 %`` for ``>99 %``."""
    if probability < 0.01:
        return catalogue(lang).text("number.less", n="1")
    if probability > 0.99:
        return catalogue(lang).text("number.more", n="99")
    return percent(probability, lang)


def share(value: float, lang: str) -> str:
    """Return a rate of the method in [0, 1] as per cent, with one decimal below one per cent: ``80 %``, ``0.3 %``."""
    return catalogue(lang).text("number.percent", n=decimal(value * 100, 1 if 0 < value < 0.00995 else 0, lang))


def decimal(value: float, places: int, lang: str) -> str:
    """Return ``value`` with ``places`` decimals: comma in French, narrow spaces between thousands in both."""
    text = f"{abs(value):,.{places}f}".replace(",", NARROW_SPACE)
    if lang == "fr":
        text = text.replace(".", ",")
    return (MINUS if value < 0 and text.strip(f"0,.{NARROW_SPACE}") else "") + text


def count(value: int, lang: str) -> str:
    """Return a whole number, with narrow spaces between thousands."""
    return decimal(value, 0, lang)


def decibans(value: float, lang: str) -> str:
    """Return a weight with its sign and two decimals: ``+6.02``, ``−3.10``, ``0.00``."""
    text = decimal(value, 2, lang)
    return f"+{text}" if round(value, 2) > 0 else text


def odds_factor(value: float, lang: str) -> str:
    """Return by how much a weight of ``value`` decibans multiplies or divides the odds: 10^(|value|/10), rounded.

    Two significant digits below ten, whole numbers to a hundred, then two significant digits again.
    """
    factor = math.pow(10.0, abs(value) / 10.0)
    if factor < 9.95:
        text = decimal(factor, 1, lang)
        return text[:-2] if text.endswith("0") else text
    if factor < 99.5:
        return decimal(factor, 0, lang)
    magnitude = 10 ** (len(f"{factor:.0f}") - 2)
    return decimal(round(factor / magnitude) * magnitude, 0, lang)


def p_value(value: float, lang: str) -> str:
    """Return what follows the letter: ``= 0.56``, with three decimals below 0.1, and ``< 0.001`` below that."""
    if value < 0.001:
        return f"<{NO_BREAK_SPACE}{decimal(0.001, 3, lang)}"
    return f"={NO_BREAK_SPACE}{decimal(value, 3 if value < 0.1 else 2, lang)}"


def probability_of(total: float) -> float:
    """Return the probability that log-odds of ``total`` decibans stand for."""
    return 1.0 / (1.0 + math.pow(10.0, -total / 10.0))


def date_text(date: PartialDate, lang: str) -> str:
    """Return a partial date with the precision that it has: ``July 2022``, ``7 septembre 2022``, ``2022``."""
    texts = catalogue(lang)
    if not date:
        return texts.text("date.unknown")
    year, month, day = date[:4], date[5:7], date[8:10]
    if not month:
        return year
    name = _MONTHS[lang][int(month) - 1]
    if not day:
        return f"{name} {year}"
    number = "1er" if lang == "fr" and day == "01" else str(int(day))
    text = f"{number} {name} {year}"
    if len(date) > 10 and not date.endswith("T00:00:00Z"):  # STIX writes a day as its midnight
        return texts.text("date.time", day=text, hour=date[11:13], minute=date[14:16])
    return text


def any_date(text: str, lang: str) -> str:
    """Return a date as a source gave it: worded where it is a partial date, else as it stands."""
    try:
        return date_text(parse_date(text), lang)
    except ValueError:
        return isolated(text)


def period_text(period: Period, lang: str) -> str:
    """Return a period; one date alone where both ends are the same or only the first is known."""
    texts = catalogue(lang)
    if not period.last or period.first == period.last:
        return date_text(period.first, lang)
    if period.first[:10] == period.last[:10] and _WHOLE_DAY.fullmatch(f"{period.first[10:]} {period.last[10:]}"):
        return date_text(PartialDate(period.first[:10]), lang)
    if not period.first:
        return texts.text("date.until", last=date_text(period.last, lang))
    return texts.text("date.between", first=date_text(period.first, lang), last=date_text(period.last, lang))


def isolated(text: str) -> str:
    """Return ``text`` between Unicode isolates where it could turn the words around it (UAX #9, FSI and PDI)."""
    return f"\u2068{text}\u2069" if _TURNS.search(text) else text


def short(text: str, limit: int) -> str:
    """Return ``text`` cut to ``limit`` characters, at a word where there is one, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at = cut.rfind(" ")
    return (cut[:at] if at > limit // 2 else cut).rstrip(" ,;:") + "…"
