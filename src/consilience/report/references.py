"""How a dossier points at what it quotes: words in their own language, the place in a document, short codes and ids."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec

from consilience.model.assessment import Assessment
from consilience.report.catalogue import NO_BREAK_SPACE, catalogue

_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur", "ps", "ckb", "yi", "ug", "sd", "dv"})
_PLACES: Final = (
    ("chars", re.compile(r"\bchars (?P<a>\d+)-(?P<b>\d+)\b")),
    ("line", re.compile(r"\bline (?P<n>\d+)\b")),
    ("page", re.compile(r"\bpage (?P<n>\d+)\b")),
    ("object", re.compile(r"^/objects/(?P<n>\d+)(?![\w/])")),
)
_ID = re.compile(r"(?:statement--)?([0-9a-f]{8})[0-9a-f]{8,}")


class Words(msgspec.Struct, frozen=True):
    """Words in their own language, for ``lang`` and ``dir`` attributes."""

    text: str
    lang: str
    dir: str


def words(text: str, lang: str) -> Words:
    """Return words with the direction of their language; unknown languages are left to the reader's program."""
    direction = "rtl" if lang.split("-")[0] in _RIGHT_TO_LEFT else "auto" if not lang else "ltr"
    return Words(text, lang, direction)


def place_text(place: str, lang: str) -> str:
    """Return a place in words: ``chars 10-25`` as "characters 10 to 25", ``/objects/15`` as "object 15"."""
    for key, pattern in _PLACES:
        place = pattern.sub(partial(_in_words, key, lang), place)
    return place


def _in_words(key: str, lang: str, found: re.Match[str]) -> str:
    return catalogue(lang).text(f"place.{key}", **found.groupdict()).replace(" ", NO_BREAK_SPACE)


def short_id(statement: str) -> str:
    """Return the first eight hexadecimal digits of a statement's id, or an id of another form as it is."""
    found = _ID.fullmatch(statement)
    return found[1] if found else statement.removeprefix("statement--")


def document_codes(assessment: Assessment) -> dict[str, str]:
    """Return the short code of every document by its digest: ``D1``, ``D2``, ... in the order of the assessment."""
    return {row.sha256: f"D{index}" for index, row in enumerate(assessment.documents, 1)}
