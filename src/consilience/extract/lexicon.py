"""The names to look for in prose, in one automaton: clusters, malware, tools, countries, organs, sources, sectors.

Aho-Corasick over lower-cased text (Aho and Corasick 1975, by ahocorasick_rs); all overlapping matches are taken and
the leftmost longest that stands between word boundaries and passes its guard is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import ahocorasick_rs
import msgspec

from consilience.extract.rule_table import grammar, languages
from consilience.knowledge import countries
from consilience.knowledge.countries import country_words
from consilience.knowledge.folding import fold
from consilience.knowledge.sources import KnownSource, source_named
from consilience.knowledge.values import GazetteerName
from consilience.model.source import Source, SourceKind
from consilience.model.statement import EntityType

# Governments, ministries and bodies of states that judge; all other bodies of states assess.
_POLITICAL_WORDS: Final = frozenset(
    {"government", "ministry", "minister", "council", "commission", "president", "house", "state", "treasury"}
    | {"justice", "office", "gouvernement", "ministere", "kremlin", "conseil", "nato"}
)
_TECHNICAL_WORDS: Final = frozenset(
    {"cyber", "cybersecurity", "cert", "intelligence", "police", "communications", "experts"}
)


class Entry(msgspec.Struct, frozen=True):
    """One meaning of one form of a name. ``letter`` is that of the token table in ``rule_table``.

    ``key`` is the gazetteer's key, a source's id, an ISO alpha-2 code or a sector. ``case``: ``exact`` must stand so,
    ``capital`` with a capital letter first, ``any`` in any case. ``common`` needs a cue word near it. An empty
    ``lang`` is any language.
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


class Lexicon(msgspec.Struct, frozen=True):
    """What :func:`build_lexicon` makes. ``governments`` gives the source id of a state's government by country."""

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
    ):
        form = lowered(entry.text).replace("’", "'")
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


def lowered(text: str) -> str:
    """Return ``text`` in lower case with the same length, so that places stay valid (``İ`` would become two)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _of_gazetteer(gazetteer: tuple[GazetteerName, ...]) -> Iterable[Entry]:
    for each in gazetteer:
        is_cluster = each.type in (EntityType.CLUSTER, EntityType.PERSONA, EntityType.CAMPAIGN)
        plain = each.name.isalpha() and not each.name.islower()
        yield Entry(
            each.name,
            "G" if is_cluster else "M",
            each.type,
            each.key,
            "capital" if plain or each.common else "any",
            each.common,
            rank=3 if is_cluster else 4 + (each.type is EntityType.TOOL),
        )


def _of_sources(sources: tuple[KnownSource, ...], political: frozenset[str]) -> Iterable[Entry]:
    for known in sources:
        source = known.source
        if source.kind is SourceKind.PERSONA:
            letter, kind = "G", EntityType.CLUSTER
        elif source.kind is SourceKind.STATE:
            letter, kind = "S" if source.id in political else "O", EntityType.ORGANISATION
        else:
            letter, kind = "V", EntityType.ORGANISATION
        for name in known.all_names():
            case = "exact" if len(name) < 6 or " " not in name else "any" if name[0].islower() else "capital"
            yield Entry(name, letter, kind, source.id, case, country=source.country, rank=4 if letter == "G" else 1)


def _of_languages(langs: tuple[str, ...]) -> Iterable[Entry]:
    for lang in langs:
        for word in country_words(lang):
            # A seat of power or a body that is a known source speaks under that source's id.
            if word.kind == countries.GOVERNMENT and source_named(word.text) is not None:
                continue
            demonym = word.kind == countries.DEMONYM
            letter = "D" if demonym else "S" if word.kind == countries.GOVERNMENT else "C"
            case = "exact" if word.exact else "any" if demonym and lang == "fr" else "capital"
            yield Entry(word.text, letter, EntityType.COUNTRY, word.code, case, lang=lang, country=word.code)
        table = grammar(lang)
        for code, organs in table.organs.items():
            for organ in (each for each in organs if source_named(each) is None):
                case = "exact" if organ.isupper() or len(organ) < 8 else "capital"
                yield Entry(organ, "S", EntityType.ORGANISATION, code, case, lang=lang, country=code, rank=2)
        for sector, words in table.sectors.items():
            for each in words:
                yield Entry(each, "T", EntityType.SECTOR, sector, lang=lang, rank=6)


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
