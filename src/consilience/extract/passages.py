"""From a passage of prose to statements, observations and names. The door of this folder.

A text is only ever data: whatever it says, it is read by the same rules and nothing in it is followed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import py3langid

from consilience.extract.claims import read_claims, readings
from consilience.extract.lexicon import Lexicon, build_lexicon
from consilience.extract.names import NameMention, find_names
from consilience.extract.observables import FoundObservable, find_observables
from consilience.extract.rule_table import grammar
from consilience.extract.sentence_reading import Reading
from consilience.extract.sentences import Sentence, split
from consilience.extract.speakers import Memory
from consilience.model.document import Document, Passage
from consilience.model.observable import Observation, Role
from consilience.model.statement import Statement

__all__ = ["Extraction", "Lexicon", "build_lexicon", "extract", "sentence_readings"]


class Extraction(msgspec.Struct, frozen=True):
    """What a passage yields. Statements and observations are in the order of the text."""

    statements: list[Statement]
    observations: list[Observation]
    names: list[NameMention]


def extract(passage: Passage, document: Document, lexicon: Lexicon) -> Extraction:
    """Read a passage of ``document``. Offsets in places count code points of ``passage.text``.

    The language is that of the passage, else of the document, else it is guessed; without a rule table for it, names
    and observables are found and claims are not. An observation's cluster is the one cluster named in its sentence,
    else the one named in the title, else empty: no table of addresses is given to a cluster by guessing.
    """
    found = _find(passage, document, lexicon)
    lang, observables, names, sentences = found
    statements = read_claims(_readings(passage, document, lexicon, found))
    title = find_names(document.title, lang, lexicon) if document.title else []
    starts = [each.start for each in sentences]
    near = _clusters_by_sentence(names, starts)
    titled = {each.name for each in title if each.letter == "G"}
    observations = [
        _observation(each, _only(near.get(_at(starts, each.start)) or titled), passage, document)
        for each in observables
    ]
    return Extraction(statements, observations, names)


def sentence_readings(passage: Passage, document: Document, lexicon: Lexicon) -> Iterator[Reading]:
    """Yield the sentences of a passage in which claims may stand, as :func:`extract` reads them, in order."""
    return _readings(passage, document, lexicon, _find(passage, document, lexicon))


class _Found(NamedTuple):
    lang: str
    observables: list[FoundObservable]
    names: list[NameMention]
    sentences: list[Sentence]


def _find(passage: Passage, document: Document, lexicon: Lexicon) -> _Found:
    lang = (passage.lang or document.lang or _guessed(passage.text))[:2].lower()
    host = urlsplit(document.url).hostname or "" if document.url else ""
    observables = find_observables(passage.text, [host])
    names = find_names(passage.text, lang, lexicon, [(each.start, each.end) for each in observables])
    return _Found(lang, observables, names, split(passage.text))


def _readings(passage: Passage, document: Document, lexicon: Lexicon, found: _Found) -> Iterator[Reading]:
    if found.lang not in lexicon.languages:
        return iter(())
    indicators = any(each.role is Role.INDICATOR for each in found.observables)
    memory = Memory(lexicon, document.source)
    return readings(passage, document, found.sentences, found.names, grammar(found.lang), memory, indicators)


def _guessed(text: str) -> str:
    return str(py3langid.classify(text[:4000])[0])


def _at(starts: list[int], place: int) -> int:
    """Return the number of the sentence in which ``place`` is."""
    return bisect_right(starts, place) - 1


def _clusters_by_sentence(names: list[NameMention], starts: list[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for each in names:
        if each.letter == "G":
            found.setdefault(_at(starts, each.start), set()).add(each.name)
    return found


def _only(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def _observation(found: FoundObservable, cluster: str, passage: Passage, document: Document) -> Observation:
    chars = f"chars {found.start}-{found.end}"
    return Observation(
        cluster=cluster,
        type=found.observable.type,
        value=found.observable.value,
        source=document.source,
        document=document.sha256,
        place=f"{passage.pointer} {chars}".strip(),
        report=document.url,
        reported=document.published,
        role=found.role,
    )
