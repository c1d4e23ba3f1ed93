"""What the words around a name say of it, by language: from ``name_context.toml``, whose head explains its lists."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Final

import msgspec

from consilience.extract.rule_table import languages, read_table

LANGUAGES: Final = ("en", "fr", "de", "es", "ru", "uk", "fa", "ko", "zh", "sq")
"""The languages in which names are known beside those that every language writes alike."""

_LATIN: Final = frozenset({"en", "fr", "de", "es", "sq"})


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    place: tuple[str, ...]
    place_after: tuple[str, ...]
    no_name: tuple[str, ...]
    cue: tuple[str, ...] = ()
    not_place: tuple[str, ...] = ()


class NameContext(msgspec.Struct, frozen=True):
    """The lists of a language, compiled. ``place`` ends and ``place_after`` begins where the name does."""

    cue: re.Pattern[str]
    place: re.Pattern[str]
    place_after: re.Pattern[str]
    not_place: re.Pattern[str]
    no_name: tuple[str, ...]


@functools.cache
def _rows() -> dict[str, _Row]:
    text = resources.files("consilience.extract").joinpath("name_context.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, _Row])


@functools.cache
def context(lang: str) -> NameContext:
    """Return the lists of ``lang``; those of English for a language that has none."""
    row = _rows().get(lang) or _rows()["en"]
    spaced = lang != "zh"
    before = r"(?<!\w)" if spaced else ""
    cue = _either(row.cue, before, r"(?!\w)" if spaced and lang != "ko" else "")
    if lang in languages() or not row.cue:
        words = read_table(lang if lang in languages() else "en").words["cue"]
        cue = _either(tuple(words), r"(?<!\w)", r"(?!\w)")
    return NameContext(
        cue=cue,
        place=_either(row.place, before, r"\s+\Z" if spaced else r"\Z"),
        place_after=_either(row.place_after, r"\s?", ""),
        not_place=_either(row.not_place, r"(?<!\w)", r"\s"),
        no_name=row.no_name,
    )


def reads(text_lang: str, entry_lang: str) -> bool:
    """True where a word of ``entry_lang`` may stand in a text of ``text_lang``; an empty language is any.

    Languages that share the Latin alphabet are kept apart ("Island" is a country in German only). A word in another
    script than the text's is taken as it is, and in texts that are not in Latin letters English names are read too.
    """
    if not entry_lang or not text_lang or entry_lang == text_lang:
        return True
    if entry_lang not in _LATIN:
        return True
    return entry_lang == "en" and text_lang not in _LATIN


def _either(words: tuple[str, ...], before: str, after: str) -> re.Pattern[str]:
    if not words:
        return re.compile(r"(?!)")
    return re.compile(before + "(?:" + "|".join(each.replace(" ", r"\s+") for each in words) + ")" + after, re.I)
