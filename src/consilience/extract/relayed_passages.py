"""Which passages of a relay are to be compared with which of its origin, and how the relay drifts.

Three ways lead to a pair: the two passages have most words or facts in common; both make the same claim; or the relay
is certain of what the origin, of the same clusters, only holds possible or likely, and is nowhere certain of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from consilience.extract.citations import CLAIMS, same_claim, statement_excerpt
from consilience.extract.drift import changes, least_changed
from consilience.extract.qualifiers import Qualifiers, qualifiers
from consilience.extract.sentence_facts import ReadDocument, SentenceFacts
from consilience.model.derivation import Derivation, DerivationKind, Drift, DriftKind, Excerpt
from consilience.model.statement import Predicate, Stance, Statement

MOSTLY: Final = 0.65
"""Passages are compared word by word where this part of the longer one is common."""

_ABOUT: Final = 2
_BEFORE: Final = 3
_CLUSTER: Final = "G"
_WEAKER: Final = frozenset({Predicate.SHARES_INFRASTRUCTURE.value, Predicate.IMITATES.value, Predicate.OVERLAPS.value})
"""What a relay may turn into cooperation."""


class _Relayed(msgspec.Struct, frozen=True):
    """A passage of a relay, and the passages of the origin that it may relay."""

    later: Excerpt
    earlier: tuple[Excerpt, ...]


def find_drifts(
    documents: Sequence[ReadDocument], sentences: Sequence[Sequence[SentenceFacts]], derivations: Sequence[Derivation]
) -> tuple[Drift, ...]:
    """Return where relays say something else than their origins, by document and place; each passage at most once.

    ``sentences`` are those of each document. Only derivations with a direction are looked at.
    """
    place = {each.document.sha256: number for number, each in enumerate(documents)}
    directed = [each for each in derivations if each.directed]
    pairs = dict.fromkeys(
        (place[each.later.document], place[each.earlier.document])
        for each in directed
        if each.kind is not DerivationKind.LINK
    )
    found: dict[tuple[str, str, int], Drift] = {}
    relayed = [_Relayed(each.later, (each.earlier,)) for each in directed if _tells_the_same(each)]
    for each in (*relayed, *_same_claims(documents, pairs)):
        own = sentences[place[each.later.document]]
        texts = [(one.text, one.lang) for one in each.earlier]
        chosen, changed = least_changed(
            texts, each.later.text, each.later.lang, named_actor=_names_a_cluster(own, each.later)
        )
        if changed:
            drift = Drift(later=each.later, earlier=each.earlier[chosen], changes=tuple(changed))
            found.setdefault(_key(each.later), drift)
    for later, earlier in pairs:
        for drift in _made_certain(documents, sentences, later, earlier):
            found.setdefault(_key(drift.later), drift)
    return tuple(
        sorted(found.values(), key=lambda each: (place[each.later.document], each.later.pointer, each.later.start))
    )


def _key(excerpt: Excerpt) -> tuple[str, str, int]:
    return excerpt.document, excerpt.pointer, excerpt.start


def _names_a_cluster(sentences: Iterable[SentenceFacts], excerpt: Excerpt) -> bool:
    return any(
        name.letter == _CLUSTER and excerpt.start <= name.start < excerpt.end
        for each in sentences
        if each.pointer == excerpt.pointer and each.start < excerpt.end and excerpt.start < each.end
        for name in each.names
    )


def _tells_the_same(derivation: Derivation) -> bool:
    """Say whether two passages can be compared word by word: most of either is in the other, and not only a quotation.

    Where they only overlap, what stands beside the common words is no change of them.
    """
    if derivation.kind is DerivationKind.TRANSLATION:
        return True
    common = derivation.score * len(derivation.later.text)
    longer = max(len(derivation.later.text), len(derivation.earlier.text))
    return derivation.kind is DerivationKind.PASSAGE and common >= MOSTLY * longer


def _same_claims(documents: Sequence[ReadDocument], pairs: Iterable[tuple[int, int]]) -> Iterable[_Relayed]:
    """Yield the claims of a relay that its origin makes too; of cooperation, else what the origin says short of it."""
    for later, earlier in pairs:
        relay, origin = documents[later], documents[earlier]
        first = origin.document.source
        said = [each for each in origin.statements if each.source == first and _comparable(each)]
        for statement in relay.statements:
            if statement.source in (first, relay.document.source) and _comparable(statement):
                same = [each for each in said if same_claim(statement, each)]
                same = same or [each for each in said if _is_short_of(each, statement)]
                if same:
                    yield _Relayed(statement_excerpt(statement), tuple(statement_excerpt(each) for each in same))


def _comparable(statement: Statement) -> bool:
    """Who recommends or declines makes no claim to drift from; a row of a table has no words around it."""
    makes_one = statement.stance not in (Stance.DECLINES, Stance.RECOMMENDS)
    return makes_one and statement.place.start >= 0 and statement.predicate in CLAIMS


def _is_short_of(origin: Statement, relay: Statement) -> bool:
    cooperates = relay.predicate == Predicate.COOPERATES and relay.stance is Stance.AFFIRMS
    if not cooperates or origin.predicate not in _WEAKER:
        return False
    return same_claim(msgspec.structs.replace(origin, predicate=relay.predicate, stance=relay.stance), relay)


def _made_certain(
    documents: Sequence[ReadDocument], sentences: Sequence[Sequence[SentenceFacts]], later: int, earlier: int
) -> Iterable[Drift]:
    origin, relay = _about_clusters(sentences[earlier]), _about_clusters(sentences[later])
    hedged = [each for each in origin if _is_hedged(each.how)]
    certain = [each for each in origin if each.how.has("certain")]
    for each in relay:
        if not each.how.has("certain") or _is_hedged(each.how):
            continue
        same = [other for other in hedged if len(each.clusters & other.clusters) >= _ABOUT]
        if not same or any(len(each.clusters & other.clusters) >= _ABOUT for other in certain):
            continue
        best = max(same, key=_firmness)
        changed = changes(
            best.sentence.text, best.sentence.lang, each.sentence.text, each.sentence.lang, named_actor=True
        )
        if any(one.kind is DriftKind.HARDENED for one in changed):
            yield Drift(
                later=each.sentence.excerpt(documents[later].document.sha256),
                earlier=best.sentence.excerpt(documents[earlier].document.sha256),
                changes=tuple(changed),
            )


class _About(msgspec.Struct, frozen=True):
    """A sentence with its qualifiers and the clusters that it is about."""

    sentence: SentenceFacts
    how: Qualifiers
    clusters: frozenset[str]


def _about_clusters(sentences: Sequence[SentenceFacts]) -> list[_About]:
    """Return the sentences about two clusters or more: those that they name, else with those named just before them.

    "Their interaction" and "the two groups" stand for names of the last sentences.
    """
    named = [frozenset(each.key for each in one.names if each.letter == _CLUSTER) for one in sentences]
    found = []
    for number, sentence in enumerate(sentences):
        clusters = named[number]
        if len(clusters) < _ABOUT:
            clusters = frozenset().union(*named[max(0, number - _BEFORE) : number + 1])
        if len(clusters) >= _ABOUT:
            found.append(_About(sentence, qualifiers(sentence.text, sentence.lang), clusters))
    return found


def _firmness(each: _About) -> tuple[bool, int]:
    """Rank hedged sentences of an origin: a word of a scale before other words, then the first."""
    estimate = each.how.estimate
    return (estimate is not None and estimate.on_scale, -each.sentence.start)


def _is_hedged(how: Qualifiers) -> bool:
    return how.estimate is not None or how.has("condition")
