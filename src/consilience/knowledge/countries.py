"""Countries as texts name them: by name, demonym, capital or seat of government, in ten languages.

English and French words are in ``data/countries.toml``. For the other languages the names come from the Unicode CLDR
data that Babel carries and the other words from ``data/country_words.toml``, with the forms that
:mod:`consilience.knowledge.inflection` makes of them. Words that name no single state ("Korea", "Congo") give no code.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Final

import msgspec

from consilience.knowledge.folding import fold
from consilience.knowledge.inflection import inflected

OWN_LANGUAGES: Final = ("en", "fr")
CLDR_LANGUAGES: Final = ("de", "es", "ru", "uk", "fa", "ko", "zh", "sq", "ar")

_ARTICLE: Final = re.compile(r"^(?:the|la|le|les|l) ")

NAME: Final = "name"
DEMONYM: Final = "demonym"
CAPITAL: Final = "capital"
GOVERNMENT: Final = "government"


class CountryWord(msgspec.Struct, frozen=True):
    """A word for a state: ``kind`` is ``name``, ``demonym``, ``capital`` or ``government``; ``code`` ISO alpha-2.

    ``exact`` words must stand in a text in exactly this case: "US" is not "us", "Polish" not "polish". A word that is
    not ``prose`` means something else in most sentences and names the state only in a field of its own.
    """

    text: str
    code: str
    kind: str
    exact: bool = False
    prose: bool = True


class _Country(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: dict[str, str]
    alpha3: str = ""
    also: dict[str, tuple[str, ...]] = {}
    demonym: dict[str, tuple[str, ...]] = {}
    capital: dict[str, tuple[str, ...]] = {}
    government: dict[str, tuple[str, ...]] = {}


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exact: frozenset[str]
    ambiguous: frozenset[str]
    country: dict[str, _Country]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words for one state in one language, beside its name in CLDR, each in its dictionary form."""

    also: tuple[str, ...] = ()
    demonym: tuple[str, ...] = ()
    capital: tuple[str, ...] = ()
    government: tuple[str, ...] = ()


class _Further(msgspec.Struct, frozen=True):
    """The words of all languages, and by language those that are not looked for in prose."""

    words: dict[str, dict[str, _Words]]
    not_in_prose: dict[str, frozenset[str]]


@functools.cache
def _further() -> _Further:
    tables = tomllib.loads(
        resources.files("consilience.knowledge").joinpath("data/country_words.toml").read_text("utf-8")
    )
    apart = tables.pop("not_in_prose")
    return msgspec.convert({"words": tables, "not_in_prose": apart}, _Further)


@functools.cache
def _table() -> _Table:
    text = resources.files("consilience.knowledge").joinpath("data/countries.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


@functools.cache
def _cldr_names(lang: str) -> dict[str, str]:
    """Names of the table's countries in a language of CLDR, by code; empty for an unknown language."""
    from babel import Locale, UnknownLocaleError  # loads with the first question in another language

    try:
        territories = Locale.parse(lang.replace("-", "_")).territories
    except (UnknownLocaleError, ValueError):
        return {}
    return {code: territories[code] for code in _table().country if code in territories}


def _own_words(lang: str) -> Iterator[CountryWord]:
    table = _table()
    for code, country in table.country.items():
        groups = (
            (NAME, (country.name[lang], *country.also.get(lang, ()))),
            (DEMONYM, country.demonym.get(lang, ())),
            (CAPITAL, country.capital.get(lang, ())),
            (GOVERNMENT, country.government.get(lang, ())),
        )
        for kind, texts in groups:
            for text in texts:
                yield CountryWord(text, code, kind, text in table.exact)


def _other_words(lang: str) -> Iterator[CountryWord]:
    """Words in a language of CLDR, in every form that the language gives them; of two equal ones the first counts."""
    further, apart = _further().words.get(lang, {}), _further().not_in_prose.get(lang, frozenset())
    seen: set[str] = set()
    for code, name in _cldr_names(lang).items():
        words = further.get(code, _Words())
        groups = (
            (NAME, (name, *words.also)),
            (DEMONYM, words.demonym),
            (CAPITAL, words.capital),
            (GOVERNMENT, words.government),
        )
        for kind, texts in groups:
            for text in texts:
                prose = text not in apart
                for form in inflected(text, lang, adjective=kind == DEMONYM):
                    if form not in seen:
                        seen.add(form)
                        yield CountryWord(form, code, kind, exact=form.isupper() and form.isascii(), prose=prose)


@functools.cache
def country_words(lang: str) -> tuple[CountryWord, ...]:
    """Return all words for states in a language, longest first; only names where the tables hold no other words."""
    words = _own_words(lang) if lang in OWN_LANGUAGES else _other_words(lang)
    return tuple(sorted(words, key=lambda word: (-len(word.text), word.text, word.code)))


@functools.cache
def _codes(lang: str) -> dict[str, str]:
    """Folded word to code; a word of two states is left out."""
    codes: dict[str, str] = {}
    doubtful: set[str] = set()
    for word in country_words(lang):
        key = fold(word.text)
        if codes.setdefault(key, word.code) != word.code:
            doubtful.add(key)
    return {key: code for key, code in codes.items() if key not in doubtful}


@functools.cache
def _alpha3() -> dict[str, str]:
    return {country.alpha3: code for code, country in _table().country.items() if country.alpha3}


@functools.cache
def _no_single_state() -> frozenset[str]:
    return frozenset(fold(word) for word in _table().ambiguous)


def country_code(text: str, lang: str = "") -> str:
    """Return the ISO alpha-2 code of the state that ``text`` names, or an empty text where it names none for certain.

    ``text`` is one word or phrase (a field, not a sentence): a code in capitals (alpha-2 or alpha-3), a name, demonym,
    capital or seat of government. Case and accents do not matter otherwise. ``lang`` is looked at first, then English,
    French and the languages of :data:`CLDR_LANGUAGES`.
    """
    text = text.strip()
    if text in _table().country:
        return text
    if text in _alpha3():
        return _alpha3()[text]
    key = fold(text)
    if not key or key in _no_single_state():
        return ""
    first = (lang,) if lang and lang not in OWN_LANGUAGES else ()
    own = tuple(sorted(OWN_LANGUAGES, key=lambda each: each != lang))
    for each in (*first, *own, *CLDR_LANGUAGES):
        for form in (key, _ARTICLE.sub("", key)):
            if code := _codes(each).get(form):
                return code
    return ""


def country_name(code: str, lang: str) -> str:
    """Return the short name of a state, in English where the language is not known; empty for an unknown code."""
    country = _table().country.get(code)
    if country is None:
        return ""
    if lang in OWN_LANGUAGES:
        return country.name[lang]
    return _cldr_names(lang).get(code) or country.name["en"]
