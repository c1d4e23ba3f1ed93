"""Passages that tell the same in two languages: sentences whose names, numbers, dates and observables agree.

A sentence is looked up by three of its rarest facts at a time (an inverted index of combinations), so that work grows
with the sentences. Two sentences agree where they share :data:`SHARED` facts or more, :data:`TELLING` of them telling,
and at least :data:`ALIKE` of all that either has (Jaccard coefficient). Everybody who reports one event names its
place and day: a text is a translation only where several sentences agree in the same order, or one with many facts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

import msgspec

from consilience.extract.sentence_facts import SentenceFacts

SHARED: Final = 3
TELLING: Final = 2
ALIKE: Final = 0.6
MANY: Final = 6
SENTENCES: Final = 2
_RAREST: Final = 7
_FIRST_HOLDERS: Final = 8


class FactMatch(msgspec.Struct, frozen=True):
    """Two sentences in two languages whose facts agree to the part ``score``."""

    later: SentenceFacts
    earlier: SentenceFacts
    score: float
    shared: int


def translated_passages(
    documents: Sequence[Sequence[SentenceFacts]], order: Sequence[int], publishers: Sequence[str]
) -> dict[tuple[int, int], list[FactMatch]]:
    """Return, for (later document, earlier document), the sentences that agree, where these make a translation."""
    common = Counter(fact for sentences in documents for each in sentences for fact in each.facts)
    holders: dict[tuple[str, ...], list[SentenceFacts]] = {}
    pairs: dict[tuple[int, int], dict[tuple[int, int], FactMatch]] = {}
    for number in order:
        for sentence in documents[number]:
            keys = _keys(sentence, common)
            for other in _met(sentence, keys, holders, publishers):
                match = agreement(sentence, other)
                if match is not None:
                    pairs.setdefault((number, other.number), {})[sentence.start, other.start] = match
            for key in keys:
                held = holders.setdefault(key, [])
                if len(held) < _FIRST_HOLDERS:
                    held.append(sentence)
    chosen = {pair: _in_order(list(found.values())) for pair, found in pairs.items()}
    return {pair: found for pair, found in chosen.items() if _is_translation(found)}


def agreement(later: SentenceFacts, earlier: SentenceFacts) -> FactMatch | None:
    """Return how far the facts of two sentences agree, or ``None`` where that is not enough."""
    shared = later.facts & earlier.facts
    alike = len(shared) / len(later.facts | earlier.facts)
    if len(shared) < SHARED or len(shared & later.telling) < TELLING or alike < ALIKE:
        return None
    return FactMatch(later, earlier, round(alike, 2), len(shared))


def _keys(sentence: SentenceFacts, common: Counter[str]) -> list[tuple[str, ...]]:
    if len(sentence.facts) < SHARED or len(sentence.telling) < TELLING:
        return []
    rarest = sorted(sentence.facts, key=lambda fact: (common[fact], fact))[:_RAREST]
    return list(combinations(sorted(rarest), SHARED))


def _met(
    sentence: SentenceFacts,
    keys: Iterable[tuple[str, ...]],
    holders: dict[tuple[str, ...], list[SentenceFacts]],
    publishers: Sequence[str],
) -> list[SentenceFacts]:
    found = {}
    for key in keys:
        for other in holders.get(key, ()):
            foreign = other.lang and sentence.lang and other.lang != sentence.lang
            if foreign and publishers[other.number] != publishers[sentence.number]:
                found[other.number, other.pointer, other.start] = other
    return list(found.values())


def _in_order(found: list[FactMatch]) -> list[FactMatch]:
    """Return the longest chain of matches that stand in the same order in both texts (Fredman 1975)."""
    found.sort(key=lambda each: (each.later.start, -each.earlier.start))
    ends: list[int] = []  # the place in the earlier text at which the best chain of each length ends
    last: list[int] = []
    before: list[int] = []
    for index, each in enumerate(found):
        at = bisect_left(ends, each.earlier.start)
        ends[at : at + 1] = [each.earlier.start]
        last[at : at + 1] = [index]
        before.append(last[at - 1] if at else -1)
    chain = []
    index = last[-1]
    while index >= 0:
        chain.append(found[index])
        index = before[index]
    return chain[::-1]


def _is_translation(found: Sequence[FactMatch]) -> bool:
    return len(found) >= SENTENCES or any(each.shared >= MANY for each in found)
