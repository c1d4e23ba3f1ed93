"""Words for sectors in eight languages, from ``data/sector_words.toml``."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

from consilience.knowledge.inflection import inflected


@functools.cache
def sector_words(lang: str) -> dict[str, tuple[str, ...]]:
    """Return the words of a language by sector, inflected; none for a language that the table does not have."""
    text = resources.files("consilience.knowledge").joinpath("data/sector_words.toml").read_text("utf-8")
    return {
        sector: tuple(dict.fromkeys(form for word in words for form in _forms(word, lang)))
        for sector, words in tomllib.loads(text).get(lang, {}).items()
    }


def _forms(word: str, lang: str) -> tuple[str, ...]:
    return (word[:-1],) if word.endswith("|") else inflected(word, lang)
