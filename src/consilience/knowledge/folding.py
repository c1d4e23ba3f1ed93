"""How a word of a table is compared with a word of a text: without case, accents, stops, hyphens or apostrophes.

For words of known tables (countries, sources, scales), where "États-Unis" and "etats unis" are one. Names of activity
clusters are compared by the keys in ``names``, which keep more.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NOT_WORD: Final = re.compile(r"[^\w]+")


def fold(text: str) -> str:
    """Return the key under which ``text`` equals another spelling of it: words in lower case, one space between.

    Full stops vanish ("U.S." is "us"), all other punctuation separates words; marks above and below letters vanish in
    every script (Unicode NFKD).
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in decomposed if not unicodedata.combining(each) and each != ".")
    return _NOT_WORD.sub(" ", plain).replace("_", " ").strip()
