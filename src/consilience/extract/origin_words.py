"""The tables of ``origins.toml``: how texts cite, what is boilerplate, and numbers as they are written."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

NAME: Final = "‹N›"
_MARK: Final = "\x00"
_DIGITS: Final = re.compile(
    r"(?<![\w.,])(?<!\w-)(?P<whole>\d{1,3}(?:[ \u00a0\u202f,.’]\d{3}){1,5}(?!\d)|\d{1,15})"
    r"(?P<part>[.,]\d{1,3})?(?!\w|[.,]\d)"
)
_GROUPS: Final = re.compile(r"[ \u00a0\u202f,.’]")
_PERSON: Final = r"\b[A-ZÀ-Þ][\w’-]{1,20}(?:\s[A-ZÀ-Þ][\w’-]{1,20}){1,2}\b"
_ANY: Final = re.compile(r"[^\W\d_]+")


class FoundNumber(msgspec.Struct, frozen=True):
    """A number in a text, written out as a decimal without separators: ``3000``, ``1.5``."""

    start: int
    end: int
    value: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    citing: dict[str, tuple[str, ...]]
    boilerplate: dict[str, tuple[str, ...]]
    saying: dict[str, tuple[str, ...]]
    numbers: dict[str, dict[str, int]]
    scales: dict[str, dict[str, float]]


@cache
def _table() -> _Table:
    text = files("consilience.extract").joinpath("origins.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


@cache
def _citing(lang: str) -> re.Pattern[str] | None:
    forms = _table().citing.get(lang)
    if not forms:
        return None
    spaced = [each.replace(" ", r"\s{1,3}").replace(NAME, _MARK) for each in forms]
    return re.compile("|".join(rf"(?<!\w)(?:{each})(?!\w)" for each in spaced), re.IGNORECASE)


def cites(sentence: str, start: int, end: int, lang: str) -> bool:
    """Say whether ``sentence`` gives the name at ``start`` to ``end`` as the one who says what it tells."""
    pattern = _citing(lang)
    if pattern is None:
        return False
    masked = sentence[:start] + _MARK + sentence[end:]
    return pattern.search(masked) is not None


@cache
def _saying(lang: str) -> re.Pattern[str] | None:
    forms = _table().saying.get(lang)
    if not forms:
        return None
    spaced = [each.replace(" ", r"\s{1,3}") for each in forms]
    # Verbs may begin a sentence, names keep their capital letters.
    return re.compile(
        "|".join(
            f"(?i:{head})(?P<n{at}>{_PERSON})(?i:{tail})"
            for at, (head, tail) in enumerate(each.split(NAME) for each in spaced)
        )
    )


def persons_quoted(text: str, lang: str) -> frozenset[str]:
    """Return the names of those whom ``text`` gives as speaking: two or three words with a capital letter."""
    pattern = _saying(lang)
    found = pattern.finditer(text) if pattern is not None else ()
    return frozenset(" ".join(match[match.lastgroup or 0].split()) for match in found)


@cache
def _boilerplate(lang: str) -> re.Pattern[str] | None:
    forms = _table().boilerplate.get(lang)
    return re.compile("|".join(forms)) if forms else None


def is_boilerplate(sentence: str, lang: str) -> bool:
    """Say whether a sentence is one of those that stand under many texts; unknown languages have none."""
    pattern = _boilerplate(lang)
    return pattern is not None and pattern.search(sentence.lower()) is not None


def find_numbers(text: str, lang: str) -> list[FoundNumber]:
    """Return the numbers of ``text`` in order of place, in digits and, in English and French, in words.

    Groups of three are joined ("3,000", "3 000"); a word of scale multiplies ("620 million"). What follows another
    letter or digit directly is part of a name and is none.
    """
    scales, words = _table().scales.get(lang, {}), _table().numbers.get(lang, {})
    found = []
    for match in _DIGITS.finditer(text):
        whole = _GROUPS.sub("", match["whole"])
        value = float(f"{whole}.{match['part'][1:]}") if match["part"] else float(whole)
        found.append(_scaled(text, match.start(), match.end(), value, scales))
    if words:
        for match in _ANY.finditer(text):
            number = words.get(match[0].lower())
            if number is not None:
                found.append(_scaled(text, match.start(), match.end(), float(number), scales))
    return sorted(found, key=lambda each: each.start)


def _scaled(text: str, start: int, end: int, value: float, scales: dict[str, float]) -> FoundNumber:
    follows = _ANY.match(text, end + 1) if text[end : end + 1].isspace() else None
    scale = scales.get(follows[0].lower()) if follows else None
    if follows is not None and scale is not None:
        value, end = value * scale, follows.end()
    return FoundNumber(start, end, f"{value:.6f}".rstrip("0").rstrip("."))
