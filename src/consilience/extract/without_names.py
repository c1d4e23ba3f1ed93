"""A text without the names that would give its answer away: of clusters, software, countries and publishers.

Who stands in a report as the actor is a claim of its writer, and the names of the actor's tools repeat that claim. A
comparison of texts that is to count as evidence of its own must not read either. Names are compared by the strict key
of their words (``knowledge.names``), in any case and any spacing: "Fancy Bear", "fancybear" and "FANCY-BEAR" are one.
A name that is also an ordinary word stays ("storm", "epic"): to hide it would tear up the language around it. What is
in no list stays too: campaigns, file names, nicknames of one report.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

import msgspec

from consilience.knowledge.common_words import is_common
from consilience.knowledge.countries import OWN_LANGUAGES, country_words
from consilience.knowledge.names import strict_key
from consilience.knowledge.sources import KnownSource
from consilience.knowledge.values import GazetteerName
from consilience.model.statement import EntityType

ACTOR: Final = "actor"
TOOL: Final = "tool"
COUNTRY: Final = "country"
PUBLISHER: Final = "publisher"
CLASSES: Final = (ACTOR, TOOL, COUNTRY, PUBLISHER)
"""Classes of hidden names; a name of two classes counts as the first of them."""

MARK: Final = "▮"
"""What stands where a name stood. One mark for all classes, so that it does not tell which; no word to a reader."""

_WORD: Final = re.compile(r"[^\W_]+")
_SEAM: Final = re.compile(r"[\W_]|(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# What may stand between two words of one name; a stop and a space may not, nor what stands for another name.
_JOINT: Final = re.compile(r"\s+|\s*[-_–/&+'’]\s*|\.|\[\.\]|\(\.\)")
_MOST_WORDS: Final = 5
_SHORTEST: Final = 3


class HiddenNames(msgspec.Struct, frozen=True, dict=True):
    """The strict keys of the names to hide, with the class of each, and which of them may be written apart.

    A name with a seam ("Fancy Bear", "DeputyDog", "APT28") may; one without may not: "to go" is not Togo.
    """

    classes: Mapping[str, str]
    seamed: frozenset[str]

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Every beginning of a key of several words: what begins none begins no such name."""
        return frozenset(key[:end] for key in self.seamed for end in range(1, len(key)))


class NamelessText(msgspec.Struct, frozen=True):
    """A text with :data:`MARK` for each name. ``found`` are the names as written, lower case, with class and count."""

    text: str
    found: tuple[tuple[str, str, int], ...]
    words: int
    """How many words of the text were hidden."""


def hidden_names(
    gazetteer: Iterable[GazetteerName],
    sources: Iterable[KnownSource],
    classes: Iterable[str] = CLASSES,
    *,
    ordinary_words: bool = False,
) -> HiddenNames:
    """Return the names to hide, of the given classes.

    ``ordinary_words`` hides the names of clusters and software that are also ordinary words as well; it measures how
    much of an answer they carry.
    """
    wanted = set(classes)
    found: dict[str, str] = {}
    seamed: set[str] = set()
    for name, class_ in (*_of_gazetteer(gazetteer, ordinary_words), *_of_countries(), *_of_sources(sources)):
        key = strict_key(name)
        if class_ not in wanted or len(key) < _SHORTEST:
            continue
        if key not in found or CLASSES.index(class_) < CLASSES.index(found[key]):
            found[key] = class_
        if _SEAM.search(name):
            seamed.add(key)
    return HiddenNames(found, frozenset(seamed))


def _of_gazetteer(gazetteer: Iterable[GazetteerName], ordinary_words: bool) -> Iterator[tuple[str, str]]:
    for each in gazetteer:
        if ordinary_words or not each.common:
            yield each.name, TOOL if each.type in (EntityType.MALWARE, EntityType.TOOL) else ACTOR


def _of_countries() -> Iterator[tuple[str, str]]:
    for lang in OWN_LANGUAGES:
        for word in country_words(lang):
            yield word.text, COUNTRY


def _of_sources(sources: Iterable[KnownSource]) -> Iterator[tuple[str, str]]:
    for known in sources:
        for name in (*known.all_names(), *known.domains):
            if not is_common(name):
                yield name, PUBLISHER


def without_names(text: str, names: HiddenNames) -> NamelessText:
    """Return ``text`` (NFKC, otherwise as it is) without the names; of two that begin together the longer goes."""
    normal = unicodedata.normalize("NFKC", text)
    spans = [match.span() for match in _WORD.finditer(normal)]
    keys = [normal[start:end].casefold() for start, end in spans]
    pieces: list[str] = []
    counts: dict[tuple[str, str], int] = {}
    hidden = done = at = 0
    while at < len(spans):
        length = _longest(normal, spans, keys, at, names)
        if not length:
            at += 1
            continue
        start, end = spans[at][0], spans[at + length - 1][1]
        pieces += (normal[done:start], MARK)
        class_ = names.classes["".join(keys[at : at + length])]
        written = " ".join(normal[start:end].lower().split())
        counts[written, class_] = counts.get((written, class_), 0) + 1
        hidden += length
        done, at = end, at + length
    pieces.append(normal[done:])
    found = sorted(((name, class_, count) for (name, class_), count in counts.items()), key=lambda one: (-one[2], one))
    return NamelessText("".join(pieces), tuple(found), hidden)


def _longest(text: str, spans: list[tuple[int, int]], keys: list[str], at: int, names: HiddenNames) -> int:
    """Return how many words the longest name has that begins with the word ``at``; 0 where none does."""
    found = 1 if keys[at] in names.classes else 0
    joined, length = keys[at], 1
    while (
        joined in names.beginnings
        and length < min(_MOST_WORDS, len(keys) - at)
        and _JOINT.fullmatch(text, spans[at + length - 1][1], spans[at + length][0])
    ):
        joined, length = joined + keys[at + length], length + 1
        if joined in names.seamed:
            found = length
    return found
