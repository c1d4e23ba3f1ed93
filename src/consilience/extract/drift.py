"""Where a relay says something else than its origin: the pair of passages, and what became of the words.

=======================  ==============================================================================================
``qualifier-dropped``    a word of likelihood, a hedge, a condition, or low or moderate confidence is gone
``hardened``             the relay is surer: a higher interval or level, "not accidental", absence of evidence as a fact
``softened``             the relay is less sure than its origin
``scope-changed``        all for some, another number, an exact number for a bound, the state for those linked to it
``mistranslated``        in the other language, a word of likelihood with another interval than the origin's
=======================  ==============================================================================================

It is read from words alone, with the tables of ``qualifiers``: a relay that changes its meaning in other words is not
found. Where several passages of the origin say the same, a relay that is true to one of them does not drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import Final

from consilience.extract.origin_words import find_numbers
from consilience.extract.qualifiers import Qualifiers, bound_before, level_of, qualifiers
from consilience.model.derivation import Change, DriftKind

_HIGH: Final = 2
_SMALL: Final = 1.0
_COMMON: Final = 0.5
"""Two words mean the same where this part of the narrower interval, or more, lies in the other."""

_NEGATED: Final = re.compile(
    r"(?<!\w)(?:not|never|no|nobody|nothing|\w+n[’']t|ne|n[’']\w+|pas|jamais|aucune?|rien|nie|dément)(?!\w)", re.I
)
_ISO_LIKE: Final = re.compile(r"\b\d{4}-\d{2}(?:-\d{2})?\b|\b(?:19|20)\d{2}\b")
_DAY: Final = re.compile(r"\b\d{1,2}(?:er|st|nd|rd|th)?\s+(?=[^\W\d]{3,9}\.?\s+(?:19|20)\d{2})")


def changes(origin: str, origin_lang: str, relay: str, relay_lang: str, *, named_actor: bool = False) -> list[Change]:
    """Return in which ways ``relay`` says something else than ``origin``; empty where it is true to it.

    ``named_actor``: the relay names a cluster or a person as the one who acts, so that no state stands in its place.
    """
    was, now = qualifiers(origin, origin_lang), qualifiers(relay, relay_lang)
    foreign = origin_lang != relay_lang
    found = chain(
        _likelihood(was, now, foreign=foreign),
        _confidence(was, now),
        _condition(was, now),
        _absence(was, now, relay),
        _certainty(was, now),
        _extent(was, now),
        _numbers(_counts(origin, origin_lang), _counts(relay, relay_lang)),
        () if named_actor else _tie(was, now),
    )
    return _once(found)


def least_changed(
    origins: Iterable[tuple[str, str]], relay: str, relay_lang: str, **how: bool
) -> tuple[int, list[Change]]:
    """Return the place in ``origins`` (text, language) of the passage to which ``relay`` is truest, and the changes."""
    tried = [(number, changes(text, lang, relay, relay_lang, **how)) for number, (text, lang) in enumerate(origins)]
    return min(tried, key=lambda each: (len(each[1]), each[0]))


def _once(found: Iterable[Change]) -> list[Change]:
    kept: dict[DriftKind, Change] = {}
    for each in found:
        kept.setdefault(each.kind, each)
    return list(kept.values())


def _likelihood(was: Qualifiers, now: Qualifiers, *, foreign: bool) -> Iterable[Change]:
    one, other = was.estimate, now.estimate
    if one and other:
        common = min(one.high, other.high) - max(one.low, other.low)
        if common < _COMMON * min(one.high - one.low, other.high - other.low):
            if foreign and one.on_scale and other.on_scale:
                yield Change(DriftKind.MISTRANSLATED, one.term, other.term)
            else:
                kind = DriftKind.HARDENED if other.middle > one.middle else DriftKind.SOFTENED
                yield Change(kind, one.term, other.term)
    elif one and not now.has("condition") and not now.has("absence") and not now.confidence:
        yield Change(DriftKind.DROPPED, one.term, "")
    elif other and not was.has("condition") and not was.has("absence") and not was.confidence:
        yield Change(DriftKind.SOFTENED, was.first("certain"), other.term)


def _confidence(was: Qualifiers, now: Qualifiers) -> Iterable[Change]:
    one, other = was.confidence, now.confidence
    if one and other and level_of(one) != level_of(other):
        kind = DriftKind.HARDENED if level_of(other) > level_of(one) else DriftKind.SOFTENED
        yield Change(kind, one[1], other[1])
    elif one and not other and not now.estimate and level_of(one) < _HIGH:
        yield Change(DriftKind.DROPPED, one[1], "")


def _condition(was: Qualifiers, now: Qualifiers) -> Iterable[Change]:
    if was.has("condition") and not now.has("condition") and not now.estimate:
        yield Change(DriftKind.DROPPED, was.first("condition"), "")
    elif now.has("condition") and not was.has("condition") and not was.estimate:
        yield Change(DriftKind.SOFTENED, "", now.first("condition"))


def _absence(was: Qualifiers, now: Qualifiers, relay: str) -> Iterable[Change]:
    """Nothing found became a fact: that there is nothing, or that there is."""
    if was.has("absence") and not now.has("absence"):
        denial = _NEGATED.search(relay)
        yield Change(DriftKind.HARDENED, was.first("absence"), denial[0] if denial else "")


def _certainty(was: Qualifiers, now: Qualifiers) -> Iterable[Change]:
    if now.has("certain") and not was.has("certain") and not now.estimate:
        before = was.estimate.term if was.estimate else was.first("condition")
        yield Change(DriftKind.HARDENED, before, now.first("certain"))


def _extent(was: Qualifiers, now: Qualifiers) -> Iterable[Change]:
    if now.has("whole") and not was.has("whole"):
        yield Change(DriftKind.SCOPE, was.first("part") or was.first("limit"), now.first("whole"))
    elif was.has("whole") and not now.has("whole") and now.has("part"):
        yield Change(DriftKind.SCOPE, was.first("whole"), now.first("part"))


def _numbers(mine: dict[str, str], theirs: dict[str, str]) -> Iterable[Change]:
    lost, new = mine.keys() - theirs.keys(), theirs.keys() - mine.keys()
    if lost and new:
        yield Change(DriftKind.SCOPE, ", ".join(sorted(lost)), ", ".join(sorted(new)))
    for value in sorted(mine.keys() & theirs.keys()):
        if mine[value] and not theirs[value]:
            yield Change(DriftKind.SCOPE, f"{mine[value]} {value}", value)


def _counts(text: str, lang: str) -> dict[str, str]:
    """Return the numbers of a text that count something, each with the bound before it ("at least"), if any.

    Years and dates are none, nor is anything up to one.
    """
    plain = _ISO_LIKE.sub(_blank, _DAY.sub(_blank, text))
    return {
        each.value: bound_before(text[: each.start], lang)
        for each in find_numbers(plain, lang)
        if float(each.value) > _SMALL
    }


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _tie(was: Qualifiers, now: Qualifiers) -> Iterable[Change]:
    """Those linked to a state became the state: neither the tie nor anybody who acts is left."""
    if was.has("tie") and was.has("actor") and not now.has("tie") and not now.has("actor"):
        yield Change(DriftKind.SCOPE, was.first("tie"), "")
