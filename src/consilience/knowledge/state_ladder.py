"""Organs of states, degrees of state responsibility, and which names stand for activity rather than for a group.

The words are in ``data/state_ladder.toml``, each part with its source.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from consilience.knowledge.folding import fold

SCALE: Final = "state-responsibility"
"""The namespace of MISP's taxonomy; a tag reads ``state-responsibility:state-ordered``."""


class Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A degree of state responsibility: its id in MISP's taxonomy and its name in both languages."""

    id: str
    en: str
    fr: str


class Organ(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body that acts for a state (ISO alpha-2), with all forms under which texts name it."""

    country: str
    en: str
    fr: str
    forms: tuple[str, ...]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    grades: tuple[int, int]
    en: tuple[str, ...]
    fr: tuple[str, ...]


class _Provisional(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    patterns: tuple[str, ...]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    grade: tuple[Grade, ...]
    words: tuple[_Words, ...]
    organ: tuple[Organ, ...]
    provisional: _Provisional


@cache
def _table() -> _Table:
    text = resources.files("consilience.knowledge").joinpath("data/state_ladder.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


def grades() -> tuple[Grade, ...]:
    """Return the ten degrees of state responsibility, the least first."""
    return _table().grade


def organs() -> tuple[Organ, ...]:
    """Return the known organs."""
    return _table().organ


@cache
def _organs_by_form() -> dict[str, Organ]:
    return {fold(form): organ for organ in _table().organ for form in organ.forms}


def organ_named(name: str) -> Organ | None:
    """Return the organ that a name, as a field holds it, stands for; ``None`` where none is known."""
    return _organs_by_form().get(fold(name))


@cache
def _organ_pattern() -> re.Pattern[str]:
    forms = sorted((form for organ in _table().organ for form in organ.forms), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)")


def organs_in(text: str, country: str) -> tuple[Organ, ...]:
    """Return the organs of a state that a text names, in the order of the text; the case of letters matters."""
    found = (_organs_by_form()[fold(match[0])] for match in _organ_pattern().finditer(text))
    return tuple(dict.fromkeys(organ for organ in found if organ.country == country))


def is_provisional(name: str) -> bool:
    """Whether a name is a number or prefix that a publisher gives to activity, not to a group: ``DEV-0842``."""
    return any(re.fullmatch(pattern, name.strip(), re.IGNORECASE) for pattern in _table().provisional.patterns)


def degrees(text: str) -> tuple[int, int] | None:
    """Return the lowest and highest grade (1 to 10) that a text's words leave open, ``None`` where none bounds it.

    Several words bound it together. Words that exclude one another bound nothing: the text speaks of more than one
    act or actor.
    """
    words = f" {fold(text)} "
    found = [row.grades for row in _table().words if any(f" {fold(form)} " in words for form in (*row.en, *row.fr))]
    low, high = max((each[0] for each in found), default=0), min((each[1] for each in found), default=0)
    return (low, high) if found and low <= high else None
