"""The names to look for in prose, in one automaton: clusters, malware, tools, countries, organs, sources, sectors.

Aho-Corasick over lower-cased text (Aho and Corasick 1975, by ahocorasick_rs); all overlapping matches are taken and
the leftmost longest that stands between word boundaries and passes its guard is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import ahocorasick_rs
import msgspec

from consilience.extract.name_context import LANGUAGES, context
from consilience.extract.plain_text import lowered
from consilience.extract.rule_table import languages, read_table
from consilience.knowledge import countries
from consilience.knowledge.common_words import trade_words
from consilience.knowledge.countries import country_words
from consilience.knowledge.folding import fold
from consilience.knowledge.names import strict_key
from consilience.knowledge.native_names import NativeName, native_names
from consilience.knowledge.sector_words import sector_words
from consilience.knowledge.sources import KnownSource, source_named
from consilience.knowledge.values import GazetteerName
from consilience.model.source import Source, SourceKind
from consilience.model.statement import EntityType

_SHORT: Final = 3
NO_NAME: Final = "-"
"""The letter of a phrase that names something else ("Budapest Convention"): it is passed over."""

# Governments, ministries and bodies of states that judge; all other bodies of states assess.
_POLITICAL_WORDS: Final = frozenset(
    {"government", "ministry", "minister", "council", "commission", "president", "house", "state", "treasury"}
    | {"justice", "office", "gouvernement", "ministere", "kremlin", "conseil", "nato"}
)
_TECHNICAL_WORDS: Final = frozenset(
    {"cyber", "cybersecurity", "cert", "intelligence", "police", "communications", "experts"}
)
# They assess what others did, and are accused of doing it themselves: what they do is their state's.
_SERVICES: Final = frozenset({"nsa", "gchq", "ssu", "aivd", "mivd", "nis-korea"})
_SENSES: Final = {countries.CAPITAL: "capital", countries.GOVERNMENT: "seat of government"}
_ONE_FORM: Final = str.maketrans(
    {"’": "'", "ʼ": "'", "ي": "ی", "ك": "ک", "ى": "ی", "ة": "ه", "\n": " ", "\t": " ", "\xa0": " ", "‑": "-"}
)
_NUMBERED: Final = re.compile(r"([A-Za-z]{2,7})-?(\d{1,5})")
_TWO_WORDS: Final = re.compile(r"([A-Za-z]{3,}) ([A-Za-z]{3,})")


class Entry(msgspec.Struct, frozen=True):
    """One meaning of one form of a name. ``letter`` is that of the token table in ``rule_table``.

    ``text`` is the form, ``name`` the name it stands for where that is another (a native alias). ``key`` is the
    gazetteer's key, a source's id, an ISO alpha-2 code or a sector. ``case``: ``exact`` must stand so, ``capital`` with
    a capital letter first, ``any`` in any case. ``common`` needs a cue word near it; ``trade`` is common and consists
    of words of the trade ("Loader"). An empty ``lang`` is any language. ``sense`` is "capital" or "seat of government"
    where the word is a town or a house that stands for a state.
    """

    text: str
    letter: str
    type: EntityType
    key: str
    case: str = "any"
    common: bool = False
    lang: str = ""
    country: str = ""
    rank: int = 0
    name: str = ""
    sense: str = ""
    trade: bool = False


class Lexicon(msgspec.Struct, frozen=True):
    """What :func:`build_lexicon` makes. ``governments`` gives the source id of a state's government by country.

    ``languages`` are those with a rule table, in which claims are read; names are found in every language of
    :data:`~consilience.extract.name_context.LANGUAGES`.
    """

    automaton: Any
    entries: tuple[tuple[Entry, ...], ...]
    sources: dict[str, Source]
    political: frozenset[str]
    governments: dict[str, str]
    languages: tuple[str, ...]


def build_lexicon(
    gazetteer: tuple[GazetteerName, ...], sources: tuple[KnownSource, ...], languages_read: Iterable[str] = ()
) -> Lexicon:
    """Return the lexicon for the given names and sources; ``languages_read`` defaults to those with a rule table."""
    langs = tuple(each for each in (tuple(languages_read) or languages()) if each in languages())
    political = frozenset(known.source.id for known in sources if _is_political(known))
    forms: dict[str, list[Entry]] = {}
    for entry in (
        *_of_languages(langs),
        *_of_sources(sources, political),
        *_of_gazetteer(gazetteer),
        *_native(gazetteer, sources, political),
        *_no_names(),
    ):
        form = one_form(entry.text)
        if form:
            forms.setdefault(form, []).append(entry)
    return Lexicon(
        automaton=ahocorasick_rs.AhoCorasick(list(forms)),
        entries=tuple(tuple(sorted(entries, key=lambda each: each.rank)) for entries in forms.values()),
        sources={known.source.id: known.source for known in sources},
        political=political,
        governments=_governments(sources, langs),
        languages=langs,
    )


def one_form(text: str) -> str:
    """Return ``text`` in lower case, with one apostrophe, one blank and one set of Persian letters, in the same length.

    A name may stand over a line end. The same length keeps places valid.
    """
    return lowered(text).translate(_ONE_FORM)


def _of_gazetteer(gazetteer: tuple[GazetteerName, ...]) -> Iterable[Entry]:
    trade = trade_words()
    for each in gazetteer:
        for form in _spellings(each.name, each.common):
            yield _known(each, form, common=each.common, trade=each.common and strict_key(each.name) in trade)


def _spellings(name: str, common: bool) -> tuple[str, ...]:
    """Return how a name is written: "APT28" also as "APT 28" and "APT-28", "Cozy Bear" also as "Cozy-Bear"."""
    if match := _NUMBERED.fullmatch(name):
        return tuple(dict.fromkeys((name, *(f"{match[1]}{between}{match[2]}" for between in ("", " ", "-")))))
    if not common and (match := _TWO_WORDS.fullmatch(name)):
        return (name, f"{match[1]}-{match[2]}")
    return (name,)


def _known(each: GazetteerName, form: str, *, common: bool, trade: bool = False, lang: str = "") -> Entry:
    """Return the entry of a form by which a cluster or a piece of software of the index is written."""
    is_cluster = each.type in (EntityType.CLUSTER, EntityType.PERSONA, EntityType.CAMPAIGN)
    plain = form.isalpha() and not form.islower()
    case = "exact" if len(form) <= _SHORT else "capital" if plain or common else "any"
    return Entry(
        form,
        "G" if is_cluster else "M",
        each.type,
        each.key,
        case,
        common,
        lang,
        rank=3 if is_cluster else 4 + (each.type is EntityType.TOOL),
        name=each.name,
        trade=trade,
    )


def _of_sources(sources: tuple[KnownSource, ...], political: frozenset[str]) -> Iterable[Entry]:
    for known in sources:
        for name in known.all_names():
            case = "exact" if len(name) < 6 or " " not in name else "any" if name[0].islower() else "capital"
            yield _source_entry(known, name, case, political)


def _source_entry(known: KnownSource, form: str, case: str, political: frozenset[str], lang: str = "") -> Entry:
    source = known.source
    if source.kind is SourceKind.PERSONA:
        letter, kind = "G", EntityType.CLUSTER
    elif source.kind is SourceKind.STATE:
        of_state = source.id in political or source.id in _SERVICES
        letter, kind = "S" if of_state else "O", EntityType.ORGANISATION
    else:
        letter, kind = "V", EntityType.ORGANISATION
    rank = 4 if letter == "G" else 1
    name = "" if not lang else source.name
    return Entry(form, letter, kind, source.id, case, lang=lang, country=source.country, rank=rank, name=name)


def _of_languages(langs: tuple[str, ...]) -> Iterable[Entry]:
    for lang in LANGUAGES:
        for word in country_words(lang):
            # A seat of power or a body that is a known source speaks under that source's id.
            if not word.prose or (word.kind == countries.GOVERNMENT and source_named(word.text) is not None):
                continue
            demonym = word.kind == countries.DEMONYM
            letter = "D" if demonym else "S" if word.kind == countries.GOVERNMENT else "C"
            case = "exact" if word.exact else "any" if demonym and lang != "en" else "capital"
            yield Entry(
                word.text,
                letter,
                EntityType.COUNTRY,
                word.code,
                case,
                lang=lang,
                country=word.code,
                rank=2 if word.kind == countries.GOVERNMENT else 0,
                sense=_SENSES.get(word.kind, ""),
            )
        for sector, words in sector_words(lang).items():
            for each in words:
                yield Entry(each, "T", EntityType.SECTOR, sector, lang=lang, rank=6)
    for lang in langs:
        table = read_table(lang)
        for code, organs in table.organs.items():
            for organ in (each for each in organs if source_named(each) is None):
                case = "exact" if organ.isupper() or len(organ) < 8 else "any" if organ[0].islower() else "capital"
                yield Entry(organ, "S", EntityType.ORGANISATION, code, case, lang=lang, country=code, rank=2)
        for sector, spoken in table.sectors.items():
            for each in spoken:
                yield Entry(each, "T", EntityType.SECTOR, sector, lang=lang, rank=6)


def _native(
    gazetteer: tuple[GazetteerName, ...], sources: tuple[KnownSource, ...], political: frozenset[str]
) -> Iterable[Entry]:
    """Return the entries of the native names; those of a cluster or malware that the gazetteer lacks are left out."""
    by_name: dict[str, GazetteerName] = {}
    for known in gazetteer:
        by_name.setdefault(known.name, known)
    by_id = {known.source.id: known for known in sources}
    for each in native_names():
        for form in each.forms:
            yield from _native_entry(each, form, by_name, by_id, political)


def _native_entry(
    each: NativeName,
    form: str,
    by_name: dict[str, GazetteerName],
    by_id: dict[str, KnownSource],
    political: frozenset[str],
) -> Iterable[Entry]:
    case = "exact" if form.isupper() or len(form) < 5 else "any" if form[0].islower() else "capital"
    if each.country:
        kind = EntityType.ORGANISATION
        yield Entry(form, "S", kind, each.country, case, each.common, each.lang, each.country, rank=1, name=each.name)
    elif each.source in by_id:
        entry = _source_entry(by_id[each.source], form, case, political, each.lang)
        yield msgspec.structs.replace(entry, common=each.common)
    elif known := by_name.get(each.cluster or each.malware):
        yield _known(known, form, common=each.common, lang=each.lang)


def _no_names() -> Iterable[Entry]:
    for lang in LANGUAGES:
        for phrase in context(lang).no_name:
            yield Entry(phrase, NO_NAME, EntityType.OTHER, "", "capital", lang=lang, rank=-1)


def _is_political(known: KnownSource) -> bool:
    if known.source.kind not in (SourceKind.STATE, SourceKind.INTERNATIONAL):
        return False
    names = {word for name in known.all_names()[:4] for word in fold(name).split()}
    return bool(_POLITICAL_WORDS & names) and not _TECHNICAL_WORDS & names


def _governments(sources: tuple[KnownSource, ...], langs: tuple[str, ...]) -> dict[str, str]:
    """Return, by country, the source whose name is "<demonym> government" in one of the languages."""
    names = {fold(name): known.source.id for known in sources for name in known.all_names()}
    found: dict[str, str] = {}
    for lang in langs:
        pattern = "gouvernement {}" if lang == "fr" else "{} government"
        for word in country_words(lang):
            source = names.get(fold(pattern.format(word.text)))
            if word.kind == countries.DEMONYM and source:
                found.setdefault(word.code, source)
    return found
