"""The texts of the dossier by language: ``texts/en.toml`` and ``texts/fr.toml``, with the same keys and placeholders.

Estimative words are not here: they are data of ``knowledge.scales``, and quotations stay in their own language.
French typography is applied when a catalogue is read, so that the files can be written with ordinary spaces: a narrow
no-break space (U+202F) stands before ``; : ? !`` and ``»`` and after ``«`` (Lexique des règles typographiques en
usage à l'Imprimerie nationale, 2002; it sets a full no-break space before the colon, we keep one width). Before ``%``
both languages have the full one (U+00A0), as ``knowledge.scales`` writes ranges.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Final

import msgspec

LANGUAGES: Final = ("en", "fr")
NARROW_SPACE: Final = "\u202f"
NO_BREAK_SPACE: Final = "\u00a0"

_BEFORE = re.compile(r"(?<=\S)[ \u00a0](?=[;:?!»])")
_AFTER = re.compile(r"(?<=«)[ \u00a0]")
VOWEL: Final = re.compile("[AEIOUÀÂÉÈÊÎÔaeiouàâéèêîô]")
_ELIDES = re.compile(r"\b([Qq]u|[Dd])e $")
_DE = re.compile(r"\b[Dd]e $")
_PREPOSITION = re.compile(r"\b([ÀàDd]e?) $")
_CONTRACTED: Final = {("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"}
_FORMATTER = Formatter()


class Catalogue(msgspec.Struct, frozen=True):
    """The texts of one language under dotted keys, such as ``section.answer``."""

    lang: str
    texts: dict[str, str]

    def __contains__(self, key: str) -> bool:
        return key in self.texts

    def text(self, key: str, /, **params: str) -> str:
        """Return the text under ``key`` with its placeholders filled; raise ``KeyError`` for a key or name missing.

        Values are put in as they are: they are never read as a format. In French, ``que`` and ``de`` before a
        placeholder lose their vowel where the value begins with one (``qu’Andariel``), and ``à`` and ``de`` melt with
        the article that it begins with (``aux États-Unis``, ``du NCSC``).
        """
        out: list[str] = []
        for literal, name, _, _ in _FORMATTER.parse(self.texts[key]):
            value = params[name] if name is not None else ""
            out += _melted(literal, value) if self.lang == "fr" else (literal, value)
        return "".join(out)

    def fits(self, key: str, params: Mapping[str, str]) -> bool:
        """Return whether ``key`` exists and ``params`` fill all its placeholders."""
        return key in self.texts and placeholders(self.texts[key]) <= params.keys()

    def coded(self, group: str, code: str) -> str:
        """Return the text of a code, such as ``family.malware``; the code itself where no text is known for it."""
        return self.texts.get(f"{group}.{code}", code)

    def number(self, key: str, count: int, /, **params: str) -> str:
        """Return the form of ``key`` for ``count`` (``.one`` or ``.many``), with ``{n}`` filled.

        Zero is plural in English and singular in French.
        """
        single = count == 1 or (count == 0 and self.lang == "fr")
        return self.text(f"{key}.{'one' if single else 'many'}", n=f"{count:,}".replace(",", NARROW_SPACE), **params)

    def listed(self, parts: list[str] | tuple[str, ...]) -> str:
        """Return ``parts`` as an enumeration: ``a, b and c``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.text("list.last", first=", ".join(parts[:-1]), last=parts[-1])

    def either(self, parts: list[str] | tuple[str, ...]) -> str:
        """Return ``parts`` as a choice: ``a, b or c``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.text("list.either", first=", ".join(parts[:-1]), last=parts[-1])


def _melted(literal: str, value: str) -> tuple[str, str]:
    """Return French words and the value after them with elision and contracted articles."""
    if VOWEL.match(value):
        return _ELIDES.sub(r"\1’", literal), value
    article, _, rest = value.partition(" ")
    if article == "des" and _DE.search(literal):  # "de" and the plural article melt into "de"
        return _melted(literal, rest)
    preposition = _PREPOSITION.search(literal)
    if preposition and (preposition[1].lower(), article) in _CONTRACTED:
        word = _CONTRACTED[preposition[1].lower(), article]
        return literal[: preposition.start()] + (word.capitalize() if preposition[1][0].isupper() else word), f" {rest}"
    return literal, value


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders of ``text``."""
    return frozenset(name for _, name, _, _ in _FORMATTER.parse(text) if name is not None)


@cache
def catalogue(lang: str) -> Catalogue:
    """Return the catalogue of ``lang``; raise ``ValueError`` for a language that has none."""
    if lang not in LANGUAGES:
        raise ValueError(f"no texts in {lang!r}: there are {', '.join(LANGUAGES)}")
    raw = files("consilience.report").joinpath("texts", f"{lang}.toml").read_text(encoding="utf-8")
    texts = dict(_flat(tomllib.loads(raw), ""))
    if lang == "fr":
        texts = {key: french_spaces(text) for key, text in texts.items()}
    return Catalogue(lang, {key: text.replace(" %", NO_BREAK_SPACE + "%") for key, text in texts.items()})


def french_spaces(text: str) -> str:
    """Return ``text`` with narrow no-break spaces where French typography has them."""
    return _AFTER.sub(NARROW_SPACE, _BEFORE.sub(NARROW_SPACE, text))


def _flat(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            rows.extend(_flat(value, f"{prefix}{key}."))
        else:
            rows.append((prefix + key, str(value)))
    return rows
