"""The patterns for dates in a language, compiled from ``date_words.toml``, whose head explains them."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import ahocorasick_rs
import msgspec

from consilience.errors import KnowledgeError
from consilience.extract.plain_text import lowered

_YEAR: Final = re.compile(r"(?:19|20|1[34]|۱۹|۲۰|۱[۳۴])\d\d")
_REACH: Final = 64
_UNITS: Final = ("day", "week", "month", "year")
_FILE: Final = "date_words.toml"
_HINTS: Final = (
    ("{Y}", "year"), ("{J}", "year"), ("{K}", "month"), ("{M}", "month"), ("{N}", "month"), ("{W}", "weekday"),
    ("{U}", "unit"), ("", "relative"),
)  # fmt: skip
_NUMERIC: Final = {
    "D": r"(?P<day>\d{1,2})(?!\d)",
    "D2": r"(?P<day2>\d{1,2})(?!\d)",
    "Y": r"(?P<year>(?:19|20|۱۹|۲۰)\d\d)(?!\d|[.,]\d)",
    "Y2": r"(?P<year2>(?:19|20|۱۹|۲۰)\d\d)(?!\d|[.,]\d)",
    "N": r"(?P<number>\d{1,2})(?!\d)",
    "N2": r"(?P<number2>\d{1,2})(?!\d)",
    "A": r"(?P<one>\d{1,2})",
    "B": r"(?P<other>\d{1,2})",
    "Q": r"(?P<quarter>[1-4])",
    "J": r"(?P<iranian>1[34]\d\d|۱[۳۴][۰-۹][۰-۹])(?!\d)",
}


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    seasons: tuple[str, ...]
    units: tuple[str, ...]
    counts: tuple[str, ...]
    parts: tuple[str, ...]
    last: str
    not_past: str
    ordinals: tuple[str, ...]
    halves: tuple[str, ...]
    patterns: tuple[str, ...]
    relative: dict[str, str]
    last_week: str = "(?!)"
    iranian: tuple[str, ...] = ()


class Offset(msgspec.Struct, frozen=True):
    """So many days, weeks, months or years from the day of publication; ``unit`` counts from 0 for days."""

    count: int
    unit: int


class DateReader(msgspec.Struct, frozen=True):
    """The patterns of a language and what its words mean; :meth:`place` gives the place of a word in its list.

    Each pattern comes with the kind of hint without which it cannot match; most sentences have none.
    """

    patterns: tuple[tuple[re.Pattern[str], str], ...]
    relative: tuple[tuple[re.Pattern[str], Offset], ...]
    lists: dict[str, tuple[re.Pattern[str], ...]]
    last_before: re.Pattern[str]
    last_after: re.Pattern[str]
    coming_before: re.Pattern[str]
    coming_after: re.Pattern[str]
    hints: Any
    hint_kinds: tuple[str, ...]

    def windows(self, text: str) -> list[tuple[int, int, set[str]]]:
        """Return where in ``text`` a date can stand, in order, each with the kinds of hints that stand there."""
        hits = self.hints.find_matches_as_indexes(lowered(text), overlapping=True)
        marks = [(start, self.hint_kinds[index]) for index, start, _ in hits]
        marks += [(match.start(), "year") for match in _YEAR.finditer(text)]
        found: list[tuple[int, int, set[str]]] = []
        for place, kind in sorted(marks):
            start, end = max(0, place - _REACH), min(len(text), place + _REACH)
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], end, found[-1][2])
                found[-1][2].add(kind)
            else:
                found.append((start, end, {kind}))
        return found

    def place(self, which: str, word: str) -> int:
        """Return which word of the list ``which`` has ``word``, counted from 0; raise ``ValueError`` if none has."""
        for place, pattern in enumerate(self.lists[which]):
            if pattern.fullmatch(word):
                return place
        raise ValueError(f"{word!r} is in no row of {which}")


@functools.cache
def _table() -> dict[str, _Words]:
    text = resources.files("consilience.extract").joinpath(_FILE).read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, _Words])


def date_languages() -> tuple[str, ...]:
    """Return the languages whose dates are read."""
    return tuple(_table())


@functools.cache
def date_reader(lang: str) -> DateReader | None:
    """Return the compiled patterns of a language, or ``None`` where there are none; raise ``KnowledgeError``."""
    words = _table().get(lang)
    if words is None:
        return None
    spaced = lang not in ("zh", "ko")
    lists = {
        "months": words.months,
        "weekdays": words.weekdays,
        "seasons": words.seasons,
        "units": words.units,
        "counts": words.counts,
        "parts": words.parts,
        "ordinals": words.ordinals,
        "halves": words.halves,
        "iranian": words.iranian,
    }
    before = r"(?<![\w.\u200c])" if spaced else r"(?<!\d)"
    gap = r"\s{0,3}" if lang == "zh" else r"\s{1,3}"
    last, coming = words.last, words.not_past
    hints = tuple((stem, kind) for kind, rows in _hint_rows(words) for row in rows for stem in _stems(row))
    return DateReader(
        patterns=tuple(_pattern(each, words, before, lang) for each in words.patterns),
        relative=tuple(
            (_compile(before + f"(?:{_spaced(text)})" + (r"(?!\w)" if spaced else ""), re.I), _offset(value))
            for text, value in words.relative.items()
        ),
        lists={name: tuple(re.compile(_spaced(each), re.I) for each in rows) for name, rows in lists.items()},
        last_before=_compile(rf"(?:{last}){gap}\Z", re.I),
        last_after=_compile(rf"\s{{1,3}}(?:{_spaced(last)})", re.I),
        coming_before=_compile(rf"(?:{coming}){gap}\Z", re.I),
        coming_after=_compile(rf"\s{{1,3}}(?:{_spaced(coming)})", re.I),
        hints=ahocorasick_rs.AhoCorasick([stem for stem, _ in hints]),
        hint_kinds=tuple(kind for _, kind in hints),
    )


def _hint_rows(words: _Words) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("month", (*words.months, *words.iranian) or ("月", "월")),
        ("weekday", words.weekdays),
        ("unit", words.units),
        ("relative", tuple(words.relative)),
    )


def _stems(row: str) -> Iterator[str]:
    """Return literal pieces in lower case of which a text that matches the row must hold one."""
    plain = re.sub(r"\(\?<?[!=][^()]*\)|\(\?:([^()]*)\)\?|\[[^\]]*\][?+]?", " ", row)
    for option in plain.replace("(?:", "(").split("|"):
        pieces = (each[:-2] if each.endswith("?") else each for each in re.findall(r"[^\W\d_’'\u200c]+\??", option))
        yield from sorted((each.lower() for each in pieces if each), key=len)[-1:]


def _offset(text: str) -> Offset:
    count, _, unit = text.partition(" ")
    return Offset(int(count), _UNITS.index(unit))


def _spaced(text: str) -> str:
    """Let a blank stand for white space, except inside a set of characters."""
    return re.sub(r"(?<!\[) (?![^\[\]]*\])", r"\\s{1,3}", text).replace(r"\s{1,3}?", r"\s{0,3}")


def _pattern(text: str, words: _Words, before: str, lang: str) -> tuple[re.Pattern[str], str]:
    """Return a compiled pattern, and the hint without which it cannot match."""
    cased = text.startswith("=")
    end = r"(?!\w)" if lang not in ("zh", "ko") else ""

    def one_of(group: str, rows: tuple[str, ...], after: str = "") -> str:
        return f"(?P<{group}>" + "|".join(_spaced(each) for each in rows) + ")" + after

    months = tuple(_titled(each) for each in words.months) if cased else words.months
    slots = _NUMERIC | {
        "M": one_of("month", months, end + r"\.?"),
        "M2": one_of("month2", months, end + r"\.?"),
        "K": one_of("iranian_month", words.iranian),
        "S": one_of("season", words.seasons, end),
        "P": one_of("part", words.parts),
        "PS": one_of("part", words.parts),
        "W": one_of("weekday", words.weekdays),
        "L": f"(?P<last>{_spaced(words.last)})",
        "LW": f"(?P<last_week>{_spaced(words.last_week)})",
        "C": r"(?P<count>\d{1,3}|" + "|".join(_spaced(each) for each in words.counts) + ")",
        "U": one_of("unit", words.units, end),
        "QW": one_of("quarter_word", words.ordinals),
        "HW": one_of("half", words.halves),
    }
    body = re.sub(r"\{([A-Z]+2?)\}", lambda slot: slots[slot[1]], _spaced(text.removeprefix("=")))
    return _compile(before + body, re.NOFLAG if cased else re.I), next(hint for slot, hint in _HINTS if slot in text)


def _titled(row: str) -> str:
    return "|".join(each[:1].upper() + each[1:] for each in row.split("|"))


def _compile(text: str, flags: re.RegexFlag) -> re.Pattern[str]:
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise KnowledgeError(f"{error}: {text[:80]}", file=_FILE) from error
