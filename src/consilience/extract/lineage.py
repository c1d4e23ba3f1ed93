"""What derivations mean for what is claimed: which claims are repetitions, who then has no word of its own, and drift.

A claim is a repetition where its sentence is another's, or where the other claims it too and the document is mostly the
other's. A source that makes no claim of its own anywhere repeats those whose words its claims are; one with a single
claim of its own stays an origin, so that nobody's own finding is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from consilience.extract.citations import CLAIMS, same_claim, surely_later
from consilience.extract.lexicon import Lexicon
from consilience.extract.origins import excerpt_holds, find_derivations
from consilience.extract.relayed_passages import find_drifts
from consilience.extract.sentence_facts import ReadDocument, sentence_facts
from consilience.model.derivation import (
    REPEATING,
    Derivation,
    DerivationKind,
    Excerpt,
    Lineage,
    RepeatedClaim,
)
from consilience.model.source import origins
from consilience.model.statement import Statement


def lineage(
    documents: Sequence[ReadDocument],
    lexicon: Lexicon,
    derives_from: Mapping[str, tuple[str, ...]],
    known_texts: Iterable[str] = (),
) -> Lineage:
    """Return who repeats whom among documents, and what follows; ``derives_from`` is what was declared of sources."""
    sentences = [sentence_facts(number, each, lexicon) for number, each in enumerate(documents)]
    found = find_derivations(documents, lexicon, known_texts, sentences)
    every = (*_declared(documents, derives_from, found), *found)
    repeated = _repeated(documents, found)
    repeating = _repeating(documents, repeated)
    publishers = sorted({each.document.source for each in documents} - {""})
    parents = {
        each: (*derives_from.get(each, ()), *repeating.get(each, ()))
        for each in {*derives_from, *publishers, *repeating}
    }
    return Lineage(
        derivations=every,
        repeated=repeated,
        repeating=repeating,
        drifts=find_drifts(documents, sentences, every),
        documents=len(documents),
        publishers=len(publishers),
        origins=len({root for each in publishers for root in origins(each, parents)}),
    )


def _declared(
    documents: Sequence[ReadDocument], derives_from: Mapping[str, tuple[str, ...]], found: Iterable[Derivation]
) -> tuple[Derivation, ...]:
    """Return the derivations that were declared of publishers, between documents where none was found."""
    pairs = {(each.later.document, each.earlier.document) for each in found}
    by_source: dict[str, list[ReadDocument]] = {}
    for read in documents:
        by_source.setdefault(read.document.source, []).append(read)
    rows = []
    for read in documents:
        parents = sorted({*derives_from.get(read.document.source, ())} - {read.document.source})
        for other in (one for parent in parents for one in by_source.get(parent, ())):
            pair = (read.document.sha256, other.document.sha256)
            if pair not in pairs and not surely_later(other.document.published, read.document.published):
                rows.append(Derivation(kind=DerivationKind.DECLARED, later=_whole(read), earlier=_whole(other)))
    return tuple(rows)


def _whole(read: ReadDocument) -> Excerpt:
    return Excerpt(document=read.document.sha256, text=read.document.title or read.document.name)


def _repeated(documents: Sequence[ReadDocument], found: Iterable[Derivation]) -> tuple[RepeatedClaim, ...]:
    by_document = {each.document.sha256: each for each in documents}
    behind: dict[str, set[str]] = {}
    for derivation in found:
        if derivation.kind in REPEATING:
            later, earlier = by_document[derivation.later.document], by_document[derivation.earlier.document]
            _lead_back(later, derivation.later, earlier, derivation.earlier, derivation.copy, behind)
            if not derivation.directed:
                _lead_back(earlier, derivation.earlier, later, derivation.later, False, behind)
    return tuple(RepeatedClaim(key, tuple(sorted(roots))) for key, roots in sorted(behind.items()))


def _lead_back(
    relay: ReadDocument,
    passage: Excerpt,
    origin: ReadDocument,
    words: Excerpt,
    copy: bool,
    behind: dict[str, set[str]],
) -> None:
    """Lead the relay's own claims in a passage, and in a copy all that the origin claims too, back to who says so."""
    voices = {each.source for each in origin.statements if _stands_in(words, each) and each.predicate in CLAIMS}
    for statement in _own_claims(relay):
        if _stands_in(passage, statement) or (copy and any(same_claim(statement, each) for each in origin.statements)):
            roots = (voices or {origin.document.source}) - {statement.source, ""}
            if roots:
                behind.setdefault(statement.id, set()).update(roots)


def _stands_in(excerpt: Excerpt, statement: Statement) -> bool:
    place = statement.place
    return place.start >= 0 and excerpt_holds(excerpt, place.pointer, place.start, place.end)


def _own_claims(read: ReadDocument) -> list[Statement]:
    """Return what the publisher of a document claims itself in it."""
    mine = read.document.source
    return [each for each in read.statements if each.source == mine and not each.via and each.predicate in CLAIMS]


def _repeating(documents: Iterable[ReadDocument], repeated: Iterable[RepeatedClaim]) -> dict[str, tuple[str, ...]]:
    """Return the sources all of whose own claims are repetitions, each with those whose words they are."""
    behind = {each.statement: each.origins for each in repeated}
    claims: dict[str, list[str]] = {}
    for read in documents:
        claims.setdefault(read.document.source, []).extend(each.id for each in _own_claims(read))
    return {
        source: tuple(sorted({origin for each in ids for origin in behind[each]}))
        for source, ids in claims.items()
        if ids and all(each in behind for each in ids)
    }
