"""Who repeats whom among documents: a graph of derivations with both passages of each, and how many origins are left.

==================  ===================================================================================================
``link``            the other document's address stands in the text, or its main text points to it
``citation``        the text gives the other's publisher as the one who says it
``quotation``       words in quotation marks stand word for word in the other
``reattributed``    the same, and each gives the words to somebody else
``passage``         sentences in the same words, near enough to be the other's
``translation``     sentences in another language with the same names, numbers, dates and observables
==================  ===================================================================================================

The one published later repeats the one published earlier, as far as both dates are known; where they do not say, the
derivation has no direction and the two still count once. Precision comes before recall: sentences that stand under
many texts, descriptions that anybody may copy from a public knowledge base, and passages that name nothing which few
other texts would name make no derivation (decision 0025 has the figures).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from consilience.extract.citations import Citation, NamedSources, citations_by_address
from consilience.extract.lexicon import Lexicon
from consilience.extract.origin_words import is_boilerplate
from consilience.extract.quoted_speakers import contradict, speakers
from consilience.extract.sentence_facts import ReadDocument, SentenceFacts, sentence_facts
from consilience.extract.shared_passages import SHINGLE, CommonRun, HeldQuote, WordIndex
from consilience.extract.translated_passages import FactMatch, translated_passages
from consilience.model.dates import earliest, latest, parse_date
from consilience.model.derivation import Derivation, DerivationKind, Difference, Excerpt

ALIKE: Final = 0.6
LONG_RUN: Final = 14
ALL_WORDS: Final = 25
FEW_WORDS: Final = 8
MOST: Final = 0.5

_KINDS_OF_FACT: Final = (("number", "#:"), ("date", "d:"), ("observable", "o:"))


class _Pair(msgspec.Struct, frozen=True):
    """Two sentences with ``words`` words in common, in order."""

    later: SentenceFacts
    earlier: SentenceFacts
    words: int
    longest: int
    score: float


def find_derivations(
    documents: Sequence[ReadDocument],
    lexicon: Lexicon,
    known_texts: Iterable[str] = (),
    sentences: Sequence[Sequence[SentenceFacts]] | None = None,
) -> tuple[Derivation, ...]:
    """Return who repeats whom, by documents in the order given, then by place.

    ``known_texts`` are public descriptions, such as ATT&CK's of its groups: who copies these copies nobody here; they
    are looked at only where passages agree. ``sentences`` are those of the documents where they are at hand.
    """
    if len({each.document.source for each in documents}) < 2:
        return ()
    if sentences is None:
        sentences = [sentence_facts(number, each, lexicon) for number, each in enumerate(documents)]
    search = _Search(documents, sentences, lexicon, known_texts)
    found = [*search.passages(), *search.quotations(), *search.translations(), *search.citations()]
    copies = search.copies(found)
    found = [msgspec.structs.replace(each, copy=True) if _documents(each) in copies else each for each in found]
    place = {each.document.sha256: number for number, each in enumerate(documents)}
    return tuple(
        sorted(
            found,
            key=lambda each: (
                place[each.later.document],
                place[each.earlier.document],
                each.later.pointer,
                each.later.start,
                each.earlier.start,
                each.kind,
            ),
        )
    )


def _documents(derivation: Derivation) -> tuple[str, str]:
    return derivation.later.document, derivation.earlier.document


class _Search:
    def __init__(
        self,
        documents: Sequence[ReadDocument],
        sentences: Sequence[Sequence[SentenceFacts]],
        lexicon: Lexicon,
        known_texts: Iterable[str],
    ) -> None:
        self._documents = documents
        self._sentences = sentences
        self._lexicon = lexicon
        self._known = known_texts
        self._spans = [_span(each) for each in documents]
        self._publishers = [each.document.source for each in documents]
        self._order = sorted(
            range(len(documents)),
            key=lambda at: (self._spans[at] is None, self._spans[at], documents[at].document.sha256),
        )
        self._index = WordIndex(sentences, self._order, self._publishers)
        self._public: frozenset[tuple[str, ...]] | None = None

    def passages(self) -> list[Derivation]:
        """Return the sentences that stand in two documents in nearly the same words."""
        found = []
        for later, earlier, runs in self._index.common_runs():
            pairs = [each for each in self._aligned(later, earlier, runs) if not self._is_everybodys(each)]
            told = {fact for each in pairs for fact in each.later.telling & each.earlier.telling}
            enough = sum(each.words for each in pairs) >= ALL_WORDS or any(each.longest >= LONG_RUN for each in pairs)
            if told and enough:
                found += [self._passage(later, earlier, each) for each in pairs]
        return found

    def _aligned(self, later: int, earlier: int, runs: Iterable[CommonRun]) -> list[_Pair]:
        """Return for each sentence of the later document the one of the earlier with most words in common."""
        mine, theirs = self._index.texts[later], self._index.texts[earlier]
        words: dict[tuple[int, int], list[int]] = {}
        for run in runs:
            for offset in range(run.length):
                key = (int(mine.sentence[run.later + offset]), int(theirs.sentence[run.earlier + offset]))
                words.setdefault(key, []).append(run.later + offset)
        best: dict[int, tuple[int, int]] = {}
        for (one, other), at in words.items():
            best[one] = max(best.get(one, (0, 0)), (len(set(at)), -other))
        pairs = []
        for one, (count, other) in sorted(best.items()):
            shorter = min(int(mine.sizes[one]), int(theirs.sizes[-other]))
            if count >= SHINGLE and (count >= LONG_RUN or count / shorter >= ALIKE):
                score = min(1.0, round(count / int(mine.sizes[one]), 2))
                longest = _longest(words[one, -other])
                pairs.append(_Pair(mine.sentences[one], theirs.sentences[-other], count, longest, score))
        return [each for each in pairs if each.words >= FEW_WORDS or len(pairs) > 1]

    def _is_everybodys(self, pair: _Pair) -> bool:
        if is_boilerplate(pair.later.text, pair.later.lang) or is_boilerplate(pair.earlier.text, pair.earlier.lang):
            return True
        if self._public is None:
            self._public = frozenset(run for text in self._known for run in _word_runs(text))
        runs = _word_runs(pair.later.text)
        return bool(runs) and sum(run in self._public for run in runs) >= MOST * len(runs)

    def _passage(self, later: int, earlier: int, pair: _Pair) -> Derivation:
        differences = _differences(pair.later, pair.earlier)
        return self._derivation(
            DerivationKind.PASSAGE, later, earlier, pair.later, pair.earlier, pair.score, differences
        )

    def quotations(self) -> list[Derivation]:
        """Return the quotations found in other documents, each from its first holders that are not later."""
        found: dict[tuple[Excerpt, Excerpt], Derivation] = {}
        for each in self._index.held_quotes():
            derivation = self._quotation(each)
            if derivation is not None:
                key = (derivation.later, derivation.earlier)
                found.setdefault(key, derivation)
        return list(found.values())

    def _quotation(self, held: HeldQuote) -> Derivation | None:
        quoting = self._sentences[held.quoter][held.quoting]
        text = self._index.texts[held.holder]
        holding = text.sentences[int(text.sentence[held.at])]
        if is_boilerplate(quoting.text, quoting.lang):
            return None
        place, last = int(text.start[held.at]), int(text.start[held.at + held.length - 1])
        one = speakers(quoting, held.quote.start, held.quote.end, self._lexicon)
        other = speakers(holding, place, last, self._lexicon)
        if not other and not any(each.start <= place < each.end for each in holding.quotes):
            # Words without quotation marks are the publisher's, where it is known who that is.
            other = frozenset({self._publishers[held.holder]} & self._lexicon.sources.keys())
        sides = [(held.quoter, quoting, one), (held.holder, holding, other)]
        if self._is_after(held.holder, held.quoter):
            sides.reverse()
        (later, telling, mouth), (earlier, told, first) = sides
        if contradict(mouth, first, self._lexicon):
            differences = (Difference("speaker", ", ".join(sorted(mouth)), ", ".join(sorted(first))),)
            return self._derivation(DerivationKind.REATTRIBUTED, later, earlier, telling, told, 1.0, differences)
        return self._derivation(DerivationKind.QUOTATION, later, earlier, telling, told, 1.0, ())

    def translations(self) -> list[Derivation]:
        """Return the sentences that tell the same in two languages."""
        found = translated_passages(self._sentences, self._order, self._publishers)
        return [
            self._translation(later, earlier, each)
            for (later, earlier), matches in found.items()
            for each in matches
            if not is_boilerplate(each.later.text, each.later.lang)
        ]

    def _translation(self, later: int, earlier: int, match: FactMatch) -> Derivation:
        differences = _differences(match.later, match.earlier)
        return self._derivation(
            DerivationKind.TRANSLATION, later, earlier, match.later, match.earlier, match.score, differences
        )

    def citations(self) -> list[Derivation]:
        """Return what documents say on the word of others, and whose addresses they give."""
        named = NamedSources(self._documents, self._sentences, self._lexicon).citations()
        return [_cited(each) for each in (*citations_by_address(self._documents), *named)]

    def copies(self, derivations: Iterable[Derivation]) -> set[tuple[str, str]]:
        """Return the (later, earlier) documents of which the later is mostly the other's words."""
        repeated: dict[tuple[str, str], dict[tuple[str, int], int]] = {}
        for each in derivations:
            if each.kind in (DerivationKind.PASSAGE, DerivationKind.TRANSLATION):
                places = repeated.setdefault(_documents(each), {})
                places[each.later.pointer, each.later.start] = round(each.score * len(each.later.text))
        sizes = {
            read.document.sha256: sum(len(each.text) for each in own if not is_boilerplate(each.text, each.lang))
            for read, own in zip(self._documents, self._sentences, strict=True)
        }
        return {pair for pair, places in repeated.items() if sum(places.values()) >= MOST * max(1, sizes[pair[0]])}

    def _derivation(
        self,
        kind: DerivationKind,
        later: int,
        earlier: int,
        one: SentenceFacts,
        other: SentenceFacts,
        score: float,
        differences: tuple[Difference, ...],
    ) -> Derivation:
        return Derivation(
            kind=kind,
            later=one.excerpt(self._documents[later].document.sha256),
            earlier=other.excerpt(self._documents[earlier].document.sha256),
            score=score,
            directed=self._is_after(later, earlier),
            differences=differences,
        )

    def _is_after(self, one: int, other: int) -> bool:
        """Say whether ``one`` surely appeared after ``other``."""
        mine, theirs = self._spans[one], self._spans[other]
        return mine is not None and theirs is not None and theirs[1] < mine[0]


def _cited(citation: Citation) -> Derivation:
    kind = DerivationKind.LINK if citation.by_address else DerivationKind.CITATION
    return Derivation(kind=kind, later=citation.citing, earlier=citation.cited)


def _span(read: ReadDocument) -> tuple[float, float] | None:
    """Return the first and the last moment of a document's date, in seconds; ``None`` where it is unknown."""
    try:
        date = parse_date(read.document.published)
    except ValueError:
        return None
    return (earliest(date).timestamp(), latest(date).timestamp()) if date else None


def _longest(places: Sequence[int]) -> int:
    """Return the length of the longest run of places that follow one another."""
    best = run = 0
    before = -2
    for each in sorted(set(places)):
        run = run + 1 if each == before + 1 else 1
        best, before = max(best, run), each
    return best


def _word_runs(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}


def _differences(later: SentenceFacts, earlier: SentenceFacts) -> tuple[Difference, ...]:
    """Return the numbers, dates and observables that the two give differently, where each gives one of its own."""
    found = []
    for kind, prefix in _KINDS_OF_FACT:
        mine = {each.removeprefix(prefix) for each in later.facts - earlier.facts if each.startswith(prefix)}
        theirs = {each.removeprefix(prefix) for each in earlier.facts - later.facts if each.startswith(prefix)}
        if kind == "date":  # a month and a day in it do not contradict one another
            mine, theirs = _not_within(mine, theirs), _not_within(theirs, mine)
        if mine and theirs:
            found.append(Difference(kind, ", ".join(sorted(mine)), ", ".join(sorted(theirs))))
    return tuple(found)


def _not_within(dates: set[str], others: set[str]) -> set[str]:
    return {each for each in dates if not any(each.startswith(other) or other.startswith(each) for other in others)}


def excerpt_holds(excerpt: Excerpt, pointer: str, start: int, end: int) -> bool:
    """Say whether a place of the excerpt's document lies in it or overlaps it."""
    return excerpt.pointer == pointer and excerpt.start < end and start < excerpt.end
