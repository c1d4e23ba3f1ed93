"""A text without what only hides values in it: invisible characters go, full-width letters become ordinary ones.

Places are translated back, so that what is found in the plain text is quoted from the original.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

import msgspec

_INVISIBLE: Final = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_HIDES: Final = re.compile(f"[{_INVISIBLE}\uff01-\uff5e\r]")
_GOES: Final = re.compile(f"[{_INVISIBLE}]|\r(?=\n)")
# Of the full-width forms of ASCII (U+FF01 to U+FF5E) those that values are made of. Not the dot, whose width shows that
# a value was defanged, and not the punctuation of Chinese and Japanese sentences.
_NARROW: Final = {
    code: chr(code - 0xFEE0)
    for code in range(0xFF01, 0xFF5F)
    if chr(code - 0xFEE0).isalnum() or chr(code - 0xFEE0) in "-_/:@%&=#"
}


class PlainText(msgspec.Struct, frozen=True):
    """``text`` and, for each character that went, how many of ``text`` stand before it (ascending)."""

    text: str
    removed: tuple[int, ...] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of the characters ``start`` to ``end`` of ``text``; ``start < end``."""
        if not self.removed:
            return start, end
        return start + bisect_right(self.removed, start), end + bisect_right(self.removed, end - 1)


def plain_text(text: str) -> PlainText:
    """Return ``text`` without invisible characters and carriage returns before line ends, and in ordinary width."""
    if (text.isascii() and "\r" not in text) or _HIDES.search(text) is None:
        return PlainText(text)
    removed: list[int] = []
    kept: list[str] = []
    done = 0
    for number, match in enumerate(_GOES.finditer(text)):
        kept.append(text[done : match.start()])
        removed.append(match.start() - number)
        done = match.end()
    kept.append(text[done:])
    return PlainText("".join(kept).translate(_NARROW), tuple(removed))


def lowered(text: str) -> str:
    """Return ``text`` in lower case and of the same length: the few letters that would grow stay as they are."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(small if len(small) == 1 else letter for letter in text for small in [letter.lower()])
