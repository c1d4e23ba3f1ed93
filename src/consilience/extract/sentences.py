"""Sentences of a text, with their places. Small on purpose: prose in languages that end sentences with a stop.

A quotation that is closed within 800 characters is not cut, so that what is quoted stays with the one who says it.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec


class Sentence(msgspec.Struct, frozen=True):
    """``text[start:end]`` of the text it came from, without white space at either end."""

    start: int
    end: int


_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Lt|Col|Sgt|Capt|Maj|Adm|St|Jr|Sr|Inc|Ltd|Co|Corp|vs|No|Nos|Fig|Vol|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|approx|est|cf|al|etc|e\.g|i\.e|p|pp|ex|av|apr|env|art|"
    r"janv|févr|avr|juill|déc|MM|M|Mme|Mlle|Mgr|Me|n|"
    r"Nr|bzw|ca|Mio|Mrd|EE|UU|Sra|г|гг|р|рр|ул|им)|(?:\b[A-ZÀ-ÞА-ЯЁЄІЇҐ]\.)*\b[A-ZÀ-ÞА-ЯЁЄІЇҐ])\Z"
)
_STOP: Final = re.compile(r"[.!?…]{1,3}(?:\s?»)?[\"”»’')\]]{0,3}(?=\s)|\n")
_OPENS: Final = re.compile(r"\s{0,20}[\"“«‘'(\[—–*•-]{0,4}\s{0,3}[^\W_]")
_QUOTE: Final = re.compile(r"“[^”\n]{1,800}”|«[^»\n]{1,800}»|\"[^\"\n]{1,800}\"")
_UNFINISHED: Final = re.compile(
    r"(?:[,;(\[–—-]|\b(?:of|the|a|an|and|or|by|in|on|to|for|with|from|that|de|du|des|la|le|les|et|ou|par|en|au|aux|à|"
    r"un|une|que|qui|pour|avec|dans|sur))\s{0,5}\Z"
)
# Each item of a list is a sentence of its own, whatever stands at the end of the line before.
_BULLET: Final = re.compile(r"\s{0,12}[-–—•*·]\s")
# German writes the day of a month with a stop: "am 3. und 7. März", "im 2. Quartal".
_GERMAN_ORDINAL: Final = re.compile(
    r"(?<!\w)\d{1,2}\.\s(?:bis|und|Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|"
    r"Dezember|Quartal|Halbjahr|Jahrhundert)\b"
)
_LOOK_BACK: Final = 24


def split(text: str) -> list[Sentence]:
    """Return the sentences of ``text`` in order; together they hold every character that is not white space."""
    quotes = [(match.start(), match.end()) for match in _QUOTE.finditer(text)]
    sentences: list[Sentence] = []
    begin, quote = 0, 0
    for match in _STOP.finditer(text):
        place = match.end()
        while quote < len(quotes) and quotes[quote][1] < place:
            quote += 1
        if quote < len(quotes) and quotes[quote][0] < place < quotes[quote][1]:
            continue
        if _ends(text, match.start(), place):
            _add(sentences, text, begin, place)
            begin = place
    _add(sentences, text, begin, len(text))
    return sentences


def _ends(text: str, mark: int, place: int) -> bool:
    """True where the stop or line end at ``mark`` ends a sentence; what follows it begins at ``place``."""
    if text[mark] == "\n":
        return _line_ends(text, mark)
    follows = _OPENS.match(text, place)
    if follows is None:
        return True
    if text[mark] == "." and _ABBREVIATION.search(text, max(0, mark - _LOOK_BACK), mark):
        return False
    if text[mark] == "." and _GERMAN_ORDINAL.match(text, _digits_before(text, mark)):
        return False
    return not follows[0][-1].islower()


def _digits_before(text: str, mark: int) -> int:
    """Return where the digits that end at ``mark`` begin, two at most."""
    start = mark
    while start > max(0, mark - 2) and text[start - 1].isdigit():
        start -= 1
    return start


def _line_ends(text: str, mark: int) -> bool:
    """A line end is a sentence end except where the text plainly runs on: a wrapped line."""
    rest = text[mark + 1 : mark + 40]
    if not rest.strip() or rest.lstrip(" \t")[:1] == "\n" or _BULLET.match(rest):
        return True
    if _UNFINISHED.search(text, max(0, mark - _LOOK_BACK), mark):
        return False
    return not rest.lstrip()[:1].islower()


def _add(sentences: list[Sentence], text: str, begin: int, end: int) -> None:
    piece = text[begin:end]
    left = len(piece) - len(piece.lstrip())
    if left < len(piece):
        sentences.append(Sentence(begin + left, begin + len(piece.rstrip())))
