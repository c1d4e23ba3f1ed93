"""Which names are ordinary words, so that prose needs context before such a word is taken for a name.

The lists are in ``data/common_words.toml``; the words for countries come from :mod:`consilience.knowledge.countries`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from consilience.knowledge.countries import country_words
from consilience.knowledge.names import strict_key

TABLE = Path(__file__).with_name("data") / "common_words.toml"
_SHORTEST = 4
_WORD = re.compile(r"[^\W_]+")


@cache
def ordinary_names() -> frozenset[str]:
    """Return the strict keys of words that are common when they are the whole of a name."""
    words = [word for table in _tables() for word in table["list"].split()]
    countries = [word.text for lang in ("en", "fr") for word in country_words(lang)]
    return frozenset(map(strict_key, words + countries))


@cache
def trade_words() -> frozenset[str]:
    """Return the strict keys of words of which a name of several words may consist and still say nothing."""
    return frozenset(
        strict_key(word) for table in _tables() if table.get("each_word") for word in table["list"].split()
    )


def is_common(name: str) -> bool:
    """Say whether ``name`` needs context in prose, since ordinary text uses it too.

    True for names of fewer than four letters and digits (a Chinese, Japanese or Korean one counts as two), for names
    without a letter, for names that are an ordinary word as a whole ("Snake", "SnowFlake", not "Fancy Bear"), and for
    names that consist of words of the trade only ("Ransomware Group").
    """
    key = strict_key(name)
    length = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in key)
    if length < _SHORTEST or not any(each.isalpha() for each in key):
        return True
    return key in ordinary_names() or all(strict_key(word) in trade_words() for word in _WORD.findall(name))


@cache
def _tables() -> tuple[dict[str, str], ...]:
    return tuple(tomllib.loads(TABLE.read_text(encoding="utf-8"))["words"])
