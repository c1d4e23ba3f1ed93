"""What a sentence says without regard to its language: the names, numbers, dates and observables in it.

The keys are canonical: a name is its key in the gazetteer, a country its code whatever word stands for it, a date its
ISO form, a number its decimal form, an observable its normalised value. Two sentences in two languages that tell the
same thing have the same keys.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from consilience.extract.dates import find_dates
from consilience.extract.lexicon import Lexicon
from consilience.extract.names import NameMention, find_names
from consilience.extract.observables import find_observables
from consilience.extract.origin_words import find_numbers
from consilience.extract.sentences import Sentence, split
from consilience.model.derivation import Excerpt
from consilience.model.document import Document, Passage
from consilience.model.observable import ObservableType
from consilience.model.statement import EntityType, Statement

_QUOTED: Final = re.compile(r"“([^”\n]{12,800})”|«\s?([^»\n]{12,800}?)\s?»|\"([^\"\n]{12,800})\"")
_CATALOGUED: Final = frozenset({ObservableType.TECHNIQUE, ObservableType.CVE, ObservableType.ATTACK_OBJECT})
"""Ids from public catalogues, which come with the catalogue's own words."""

_OF_WHOM: Final = frozenset({EntityType.CLUSTER, EntityType.CAMPAIGN, EntityType.PERSONA, EntityType.MALWARE})
_NO_PROSE: Final = re.compile(r"[&<>|\\/{}=$%*~^#]")
_SYMBOLS: Final = 2
_ROUND: Final = 10.0
_LONGEST: Final = 500


class ReadDocument(msgspec.Struct, frozen=True):
    """A document with its prose and the statements that were read from it.

    ``links`` are addresses that its main text points to without writing them.
    """

    document: Document
    passages: tuple[Passage, ...] = ()
    statements: tuple[Statement, ...] = ()
    links: tuple[str, ...] = ()


class Quote(msgspec.Struct, frozen=True):
    """Words in quotation marks: ``passage.text[start:end]``, without the marks."""

    start: int
    end: int


class SentenceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence: ``text`` stands at ``start`` to ``end`` of the passage at ``pointer`` of document ``number``.

    ``facts`` are keys such as ``d:2022-07-15``, ``n:IR``, ``#:3000``; ``telling`` are those of them that few texts on
    other things would have: clusters, malware, days and months, numbers of ten and more, observables. ``names`` and
    ``quotes`` have offsets of the passage.
    """

    number: int
    pointer: str
    start: int
    end: int
    text: str
    lang: str
    facts: frozenset[str]
    telling: frozenset[str]
    names: tuple[NameMention, ...]
    quotes: tuple[Quote, ...]

    def excerpt(self, sha256: str) -> Excerpt:
        """Return the sentence as an excerpt of its document."""
        return Excerpt(
            document=sha256, pointer=self.pointer, start=self.start, end=self.end, text=self.text, lang=self.lang
        )


class _Found(msgspec.Struct, frozen=True):
    start: int
    key: str
    telling: bool


def sentence_facts(number: int, read: ReadDocument, lexicon: Lexicon) -> list[SentenceFacts]:
    """Return the sentences of a document with what each says; ``number`` is the document's among those compared."""
    return [each for passage in read.passages for each in _of_passage(number, passage, read.document, lexicon)]


def _of_passage(number: int, passage: Passage, document: Document, lexicon: Lexicon) -> list[SentenceFacts]:
    text, lang = passage.text, (passage.lang or document.lang)[:2].lower()
    observables = find_observables(text, [])
    taken = [(each.start, each.end) for each in observables]
    names = find_names(text, lang, lexicon, taken)
    found = [
        _Found(each.start, f"o:{each.observable.type}:{each.observable.value}", each.observable.type not in _CATALOGUED)
        for each in observables
    ]
    dates = [each for each in find_dates(text, lang, document.published) if each.date]
    found += [_Found(each.start, f"d:{each.date[:10]}", len(each.date) >= 7) for each in dates]
    taken += [(each.start, each.end) for each in dates]
    found += [_of_name(each) for each in names]
    found += _numbers(text, lang, taken)
    found.sort(key=lambda each: each.start)
    places, at = [each.start for each in found], [each.start for each in names]
    quotes = _quotes(text)
    quoted = [each.start for each in quotes]
    out = []
    for sentence in _pieces(text):
        mine = found[bisect_right(places, sentence.start - 1) : bisect_right(places, sentence.end - 1)]
        out.append(
            SentenceFacts(
                number=number,
                pointer=passage.pointer,
                start=sentence.start,
                end=sentence.end,
                text=text[sentence.start : sentence.end],
                lang=lang,
                facts=frozenset(each.key for each in mine),
                telling=frozenset(each.key for each in mine if each.telling),
                names=tuple(names[bisect_right(at, sentence.start - 1) : bisect_right(at, sentence.end - 1)]),
                quotes=tuple(quotes[bisect_right(quoted, sentence.start - 1) : bisect_right(quoted, sentence.end - 1)]),
            )
        )
    return out


def _pieces(text: str) -> Iterable[Sentence]:
    """Yield the sentences of a text; one that no passage would be as long as is cut at its stops, else at a space.

    Text that came without capital letters, or out of a table, has hardly an end of a sentence.
    """
    for sentence in split(text):
        begin = sentence.start
        while sentence.end - begin > _LONGEST:
            stop = max(text.rfind(mark, begin + 1, begin + _LONGEST) for mark in (". ", "? ", "! ", "; "))
            stop = stop if stop > begin else text.rfind(" ", begin + 1, begin + _LONGEST)
            end = stop + 1 if stop > begin else begin + _LONGEST
            yield Sentence(begin, end)
            begin = end
            while begin < sentence.end and text[begin].isspace():
                begin += 1
        if begin < sentence.end:
            yield Sentence(begin, sentence.end)


def _of_name(name: NameMention) -> _Found:
    """A country counts by its code, whichever of its words or organs stands for it."""
    key = name.country if name.letter in "CDS" and name.country else name.key
    return _Found(name.start, f"n:{key.lower()}", name.type in _OF_WHOM)


def _numbers(text: str, lang: str, taken: Sequence[tuple[int, int]]) -> Iterable[_Found]:
    spans = sorted(taken)
    starts = [start for start, _ in spans]
    for number in find_numbers(text, lang):
        before = bisect_right(starts, number.end - 1) - 1
        if before >= 0 and spans[before][1] > number.start:
            continue
        value = float(number.value)
        year = len(number.value) == 4 and 1900 <= value <= 2100
        yield _Found(number.start, f"#:{number.value}", value >= _ROUND and not year)


def _quotes(text: str) -> list[Quote]:
    found = []
    for match in _QUOTED.finditer(text):
        group = match.lastindex or 1
        if len(_NO_PROSE.findall(match[group])) <= _SYMBOLS:
            found.append(Quote(match.start(group), match.end(group)))
    return found
