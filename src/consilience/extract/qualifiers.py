"""How a passage qualifies what it says: likelihood, confidence, condition, absence of evidence, bounds, ties.

The words stand in ``qualifiers.toml`` and, for likelihood and confidence, on the scales of ``knowledge.scales``.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from consilience.knowledge import scales

_LEVELS: Final = ("low", "moderate", "high")
_GROUPS: Final = (
    "possible",
    "reported",
    "condition",
    "absence",
    "certain",
    "limit",
    "part",
    "whole",
    "tie",
    "actor",
)
_BEFORE: Final = 40
_MAY: Final = re.compile(r"\bMay\b")  # the month
_NOT_HEDGED: Final = re.compile(
    r"\w*(?:tir|attir|retir|adm[i]r|resp[i]r|insp[i]r|encad|v[i]r|ouv|couv|découv|rouv|liv|suiv|viv|enliv)rai(?:t|ent)"
)
"""French imperfects that look like a conditional: tirait, ouvrait, livrait."""


class Estimate(msgspec.Struct, frozen=True):
    """How probable a passage calls something: its word, the interval, and whether the word is one of a scale."""

    term: str
    low: float
    high: float
    on_scale: bool

    @property
    def middle(self) -> float:
        """The middle of the interval."""
        return (self.low + self.high) / 2


class Qualifiers(msgspec.Struct, frozen=True, kw_only=True):
    """The qualifying words of one passage by group; ``estimate`` is the most cautious word of probability.

    ``confidence`` is a level with the words that give it.
    """

    estimate: Estimate | None = None
    confidence: tuple[str, str] | None = None
    words: dict[str, tuple[str, ...]] = {}

    def first(self, group: str) -> str:
        """Return the first word of a group, empty where there is none."""
        return self.words.get(group, ("",))[0]

    def has(self, group: str) -> bool:
        """Say whether the passage has a word of a group."""
        return group in self.words


class _Language(msgspec.Struct, frozen=True):
    groups: dict[str, re.Pattern[str]]
    likelihood: tuple[tuple[re.Pattern[str], float, float], ...]


@cache
def _table() -> dict[str, dict[str, object]]:
    return tomllib.loads(files("consilience.extract").joinpath("qualifiers.toml").read_text("utf-8"))


def _pattern(forms: object) -> re.Pattern[str]:
    listed = msgspec.convert(forms, list[str])
    longest = sorted(listed, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(longest) + r")(?!\w)")


@cache
def _language(lang: str) -> _Language | None:
    table = _table().get(lang)
    if table is None or lang == "intervals":
        return None
    groups: dict[str, re.Pattern[str]] = {group: _pattern(table[group]) for group in _GROUPS if group in table}
    own = msgspec.convert(table.get("likelihood", {}), dict[str, tuple[float, float]])
    terms = [(re.escape(each.text), each.low, each.high) for each in scales.terms(lang) if each.kind == "likelihood"]
    terms += [(form, low, high) for form, (low, high) in own.items()]
    return _Language(groups, tuple((_pattern([form]), low, high) for form, low, high in terms))


@cache
def _intervals() -> dict[str, tuple[float, float]]:
    return msgspec.convert(_table()["intervals"], dict[str, tuple[float, float]])


@cache
def _confidence(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (_pattern([re.escape(each.text)]), each.level) for each in scales.terms(lang) if each.kind == "confidence"
    )


def qualifiers(text: str, lang: str) -> Qualifiers:
    """Return how ``text`` qualifies what it says; nothing for a language without a table.

    What stands in a condition is conditional by grammar in French and English, so that only the condition is read.
    """
    language = _language(lang)
    if language is None:
        return Qualifiers()
    lower = " ".join(_MAY.sub(" ", text).lower().split())
    words = {}
    for group, pattern in language.groups.items():
        forms = [match[0] for match in pattern.finditer(lower) if not _NOT_HEDGED.fullmatch(match[0])]
        if forms:
            words[group] = tuple(dict.fromkeys(forms))
    return Qualifiers(
        estimate=_estimate(lower, language, words),
        confidence=next(
            ((level, found[0]) for pattern, level in _confidence(lang) if (found := pattern.search(lower))), None
        ),
        words=words,
    )


def _estimate(lower: str, language: _Language, words: dict[str, tuple[str, ...]]) -> Estimate | None:
    found: list[tuple[int, int, Estimate]] = []
    for pattern, low, high in language.likelihood:
        for match in pattern.finditer(lower):
            # The longest word counts: "likely" stands in "highly likely".
            if not any(start <= match.start() and match.end() <= end for start, end, _ in found):
                found.append((match.start(), match.end(), Estimate(match[0], low, high, True)))
    chosen = [each for _, _, each in found]
    if not chosen and "condition" not in words:
        for group, (low, high) in _intervals().items():
            chosen += [Estimate(each, low, high, False) for each in words.get(group, ())[:1]]
    return min(chosen, key=lambda each: each.middle, default=None)


def bound_before(text: str, lang: str) -> str:
    """Return the words that bound a number which follows ``text`` directly ("at least"), empty where there are none."""
    language = _language(lang)
    pattern = language.groups.get("limit") if language else None
    before = " ".join(text[-_BEFORE:].lower().split())
    found = list(pattern.finditer(before)) if pattern else []
    return found[-1][0] if found and found[-1].end() == len(before) else ""


def level_of(confidence: tuple[str, str]) -> int:
    """Return the rank of a level of confidence: 0 low, 1 moderate, 2 high."""
    return _LEVELS.index(confidence[0])
