"""Whose word a document says it rests on: addresses of other documents, and sources that it names as speaking.

A name alone is no citation: the sentence has to give it as the one who says it (``origins.toml``). Which document of
the named source is meant is known where it makes the same claim, or where the sentence and it have facts in common,
one of them telling; of several the one that fits best, then the latest that is not later than the citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from consilience.extract.lexicon import Lexicon
from consilience.extract.names import NameMention
from consilience.extract.origin_words import cites
from consilience.extract.sentence_facts import ReadDocument, SentenceFacts
from consilience.model.derivation import Excerpt
from consilience.model.statement import EntityType, Predicate, Stance, Statement

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'»”)\]]{4,500}")
_SPEAKS: Final = "SOVPC"
_EVENTS: Final = frozenset({EntityType.INCIDENT, EntityType.CAMPAIGN})
_SHARED: Final = 2
_CANDIDATES: Final = 64
LINKING: Final = frozenset(
    {
        Predicate.SHARES_INFRASTRUCTURE.value,
        Predicate.COOPERATES.value,
        Predicate.IMITATES.value,
        Predicate.HIJACKS.value,
        Predicate.SUPPLIES.value,
        Predicate.OVERLAPS.value,
    }
)
"""Predicates of a link between two clusters, in which either may stand first."""


CLAIMS: Final = LINKING | {
    Predicate.ATTRIBUTED_TO.value,
    Predicate.SPONSORED_BY.value,
    Predicate.ORIGINATES_FROM.value,
    Predicate.CLAIMS_RESPONSIBILITY.value,
    Predicate.ALSO_KNOWN_AS.value,
    Predicate.PART_OF.value,
}
"""Predicates of statements that somebody holds, rather than describes: what an origin is counted by."""


class Citation(msgspec.Struct, frozen=True):
    """``citing`` in document ``later`` rests on document ``earlier``: on ``cited`` there, where that is known.

    ``by_address`` where the other document's address stands in it.
    """

    later: int
    citing: Excerpt
    earlier: int
    cited: Excerpt
    by_address: bool


def address_key(address: str) -> str:
    """Return what two spellings of an address have in common: no scheme, ``www.``, fragment or last slash."""
    try:
        parts = urlsplit(address.strip().rstrip(".,;:"))
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.rstrip("/")
    # The front page of a site is no document.
    return f"{host}{path}{'?' + parts.query if parts.query else ''}" if host and (path or parts.query) else ""


def citations_by_address(documents: Sequence[ReadDocument]) -> Iterator[Citation]:
    """Yield the documents whose address stands in another's text or among its links."""
    at = {key: number for number, each in enumerate(documents) if (key := address_key(each.document.url))}
    for number, read in enumerate(documents):
        seen = {number}
        for address, excerpt in _addresses(read):
            found = at.get(address_key(address), number)
            if found not in seen and documents[found].document.source != read.document.source:
                seen.add(found)
                cited = Excerpt(document=documents[found].document.sha256, text=documents[found].document.title)
                yield Citation(number, excerpt, found, cited, True)


def _addresses(read: ReadDocument) -> Iterator[tuple[str, Excerpt]]:
    for passage in read.passages:
        for match in _ADDRESS.finditer(passage.text):
            yield (
                match[0],
                Excerpt(
                    document=read.document.sha256,
                    pointer=passage.pointer,
                    start=match.start(),
                    end=match.end(),
                    text=match[0],
                ),
            )
    for link in read.links:
        yield link, Excerpt(document=read.document.sha256, text=link)


def speaker_of(name: NameMention, lexicon: Lexicon) -> str:
    """Return the source that a name speaks for: itself, or the government of a state; empty for others."""
    if name.key in lexicon.sources:
        return name.key
    if name.letter in "SC" and name.country:
        return lexicon.governments.get(name.country, f"state:{name.country}")
    return ""


class NamedSources:
    """Looks up which document is meant where a sentence gives a source as speaking."""

    def __init__(
        self, documents: Sequence[ReadDocument], sentences: Sequence[Sequence[SentenceFacts]], lexicon: Lexicon
    ) -> None:
        self._documents = documents
        self._sentences = sentences
        self._lexicon = lexicon
        self._publishers = {each.document.source for each in documents}
        latest_first = sorted(
            range(len(documents)), key=lambda at: (documents[at].document.published, -at), reverse=True
        )
        self._claims: dict[tuple[str, ...], list[tuple[int, Statement]]] = {}
        self._telling: dict[tuple[str, str], list[int]] = {}
        for number in latest_first:
            source = documents[number].document.source
            for own in sorted(documents[number].statements, key=lambda each: each.place.start):
                if own.source == source:
                    self._claims.setdefault((source, *_claim(own)), []).append((number, own))
            for fact in {fact for each in sentences[number] for fact in each.telling}:
                self._telling.setdefault((source, fact), []).append(number)
        self._facts = [
            frozenset(fact for each in own for fact in each.facts if fact != _name_fact(documents[number]))
            for number, own in enumerate(sentences)
        ]

    def citations(self) -> Iterator[Citation]:
        """Yield what each document says on the word of another's publisher, one for each claim or sentence."""
        for number, read in enumerate(self._documents):
            claimed: set[tuple[int, int]] = set()
            for statement in read.statements:
                found = self._cited_claim(number, statement)
                if found is not None:
                    claimed.add((found.citing.start, found.earlier))
                    yield found
            for sentence in self._sentences[number]:
                for source in sorted(self._named(sentence) - {read.document.source}):
                    met = self._cited_by_facts(number, sentence, source)
                    if met is not None and not self._is_claimed(claimed, sentence, met.earlier):
                        yield met

    @staticmethod
    def _is_claimed(claimed: set[tuple[int, int]], sentence: SentenceFacts, earlier: int) -> bool:
        return any(sentence.start <= start < sentence.end and other == earlier for start, other in claimed)

    def _named(self, sentence: SentenceFacts) -> set[str]:
        found = set()
        for name in sentence.names:
            source = speaker_of(name, self._lexicon) if name.letter in _SPEAKS else ""
            if source in self._publishers and cites(
                sentence.text, name.start - sentence.start, name.end - sentence.start, sentence.lang
            ):
                found.add(source)
        return found

    def _cited_claim(self, number: int, statement: Statement) -> Citation | None:
        """Return the own claim of the one who is quoted, in its latest document that is not later than this one."""
        read = self._documents[number]
        if statement.source == read.document.source or statement.place.start < 0:
            return None
        for other, own in self._claims.get((statement.source, *_claim(statement)), ()):
            later = surely_later(self._documents[other].document.published, read.document.published)
            if not later and same_claim(statement, own):
                return Citation(number, statement_excerpt(statement), other, statement_excerpt(own), False)
        return None

    def _cited_by_facts(self, number: int, sentence: SentenceFacts, source: str) -> Citation | None:
        best: tuple[int, str, int] | None = None
        for other in self._candidates(source, sentence):
            document = self._documents[other].document
            if other == number or surely_later(document.published, self._documents[number].document.published):
                continue
            shared = sentence.facts & self._facts[other]
            if len(shared) >= _SHARED:
                best = max(best or (0, "", other), (len(shared), document.published, other))
        if best is None:
            return None
        other = best[2]
        cited = max(self._sentences[other], key=lambda each: (len(each.facts & sentence.facts), -each.start))
        sha256 = self._documents[other].document.sha256
        citing = sentence.excerpt(self._documents[number].document.sha256)
        return Citation(number, citing, other, cited.excerpt(sha256), False)

    def _candidates(self, source: str, sentence: SentenceFacts) -> list[int]:
        """Return the documents of a source that have a telling fact of a sentence, those with the rarest first."""
        held = [self._telling.get((source, fact), []) for fact in sorted(sentence.telling)]
        found = dict.fromkeys(number for own in sorted(held, key=len) for number in own)
        return list(found)[:_CANDIDATES]


def _name_fact(read: ReadDocument) -> str:
    return f"n:{read.document.source.lower()}"


def surely_later(one: str, other: str) -> bool:
    """Say whether the day ``one`` is later than ``other`` as far as both are known (partial dates)."""
    length = min(len(one), len(other), 10)
    return length > 0 and one[:length] > other[:length]


def statement_excerpt(statement: Statement) -> Excerpt:
    """Return the quotation of a statement as an excerpt."""
    place = statement.place
    return Excerpt(
        document=place.document,
        pointer=place.pointer,
        start=place.start,
        end=place.end,
        text=statement.quote,
        lang=statement.lang,
        statement=statement.id,
    )


def same_claim(one: Statement, other: Statement) -> bool:
    """Say whether two statements claim or deny the same of the same: predicate, object, and what they are of.

    Incidents go by many descriptions and are taken to be one; in a link between clusters either may stand first.
    """
    if _claim(one) != _claim(other):
        return False
    events = one.subject.type in _EVENTS and other.subject.type in _EVENTS
    return one.predicate in LINKING or events or _key(one.subject.name) == _key(other.subject.name)


def _claim(statement: Statement) -> tuple[str, ...]:
    """Return what two statements of the same claim have in common for certain."""
    thing = _key(statement.object.name) if statement.object else ""
    ends = sorted((_key(statement.subject.name), thing)) if statement.predicate in LINKING else [thing]
    return (statement.predicate, "denied" if statement.stance is Stance.DENIES else "", *ends)


def _key(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())
