"""The claims that a sentence may make, by what its words and the words around its names weigh (``claim_model``).

A sentence is first weighed as a whole: does it attribute, deny, sanction? Only where it may, its names are weighed: who
is held responsible, who answers. The likeliest names fill the places of a claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from consilience.extract.claim_features import Frame, Skeleton, of_name, of_pair, of_sentence, skeleton
from consilience.extract.claim_model import ClaimModel, claim_model
from consilience.extract.claim_roles import PAIR_ROLES, PREDICATES, ROLES, Role
from consilience.extract.claim_slots import entity_of, for_whom
from consilience.extract.cues import cue_index
from consilience.extract.masking import Token
from consilience.extract.sentence_reading import Reading
from consilience.model.statement import Entity, Predicate, Stance

# Characters of the sentences before and after whose cues count.
_AROUND: Final = 300
# Log odds of a place that no name can fill.
_NEVER: Final = -9.0
# Log odds of a sentence below which its names are not weighed: it spares most sentences that work.
_GATE: Final = -2.5
# An answer whose likeliest target lies below it (27 to 73) is aimed at nobody who is named.
_LACKS: Final = -1.0
# In a list of names each is paired with so many that follow: all pairs of a long list would take minutes.
_NEIGHBOURS: Final = 4


class Weighed(msgspec.Struct):
    """A sentence with its log odds: of itself by role, of each name by role once it is asked."""

    reading: Reading
    model: ClaimModel
    skeleton: Skeleton
    number: dict[str, int]
    whole: list[float]
    names: dict[int, list[float]]

    def token(self, at: int) -> Token:
        """Return the token that stands at an item."""
        return self.reading.masked.tokens[self.skeleton.items[at].number]

    def entity(self, at: int, role: str = "") -> Entity:
        """Return what the name at an item stands for; who answers is the state or the body that the words mean."""
        token = self.token(at)
        return for_whom(token, self.reading) if role == "responder" else entity_of(token)

    def of(self, role: str) -> float:
        """Return the log odds of a role of the sentence."""
        return self.whole[self.number[role]]

    def name(self, at: int) -> list[float]:
        """Return the log odds of the name at an item, by the number of the role."""
        if at not in self.names:
            self.names[at] = self.model.log_odds(of_name(self.skeleton, at))
        return self.names[at]

    def ranked(self, role: str, but: Entity | None = None) -> list[tuple[float, int]]:
        """Return the names that may play a role with their log odds, the likeliest first, each entity once."""
        number, letters = self.number[role], ROLES[role].letters
        found: dict[Entity, tuple[float, int]] = {}
        for at in self.skeleton.candidates:
            if self.skeleton.items[at].text[1] not in letters:
                continue
            entity, odds = self.entity(at, role), self.name(at)[number]
            if entity != but and odds > found.get(entity, (_NEVER - 1, 0))[0]:
                found[entity] = (odds, at)
        return sorted(found.values(), key=lambda each: (-each[0], each[1]))

    def best(self, role: str, but: Entity | None = None) -> tuple[float, int]:
        """Return the log odds and the item of the likeliest name for a role; the item is -1 where there is none."""
        ranked = self.ranked(role, but)
        return (max(ranked[0][0], _NEVER), ranked[0][1]) if ranked else (_NEVER, -1)


class Proposal(msgspec.Struct, frozen=True):
    """A claim that a sentence may make: items of its names, -1 where there is none, and the log odds of its parts."""

    kind: str
    predicate: Predicate
    stance: Stance
    subject: int
    object: int
    parts: tuple[float, ...]


def weigh(reading: Reading) -> Weighed | None:
    """Return a sentence weighed as a whole, ``None`` where its language has no model."""
    model = claim_model(reading.context.grammar.language)
    return None if model is None else weighed_with(model, reading)


def weighed_with(model: ClaimModel, reading: Reading) -> Weighed:
    """Return a sentence weighed as a whole with ``model``."""
    found = skeleton_of(reading)
    return Weighed(reading, model, found, model.numbers(), model.log_odds(of_sentence(found)), {})


def skeleton_of(reading: Reading) -> Skeleton:
    """Return the skeleton of a sentence with the words that stand around it in its passage."""
    text, place = reading.context.passage.text, reading.sentence
    return skeleton(
        reading.masked.text,
        cue_index(reading.context.grammar.language),
        (Frame(each.start, each.end, *each.frame) for each in reading.scopes),
        reading.context.cyber,
        text[max(0, place.start - _AROUND) : place.start],
        text[place.end : place.end + _AROUND],
    )


def proposals(weighed: Weighed) -> Iterator[Proposal]:
    """Yield every claim that a sentence is worth being asked for, the likeliest names in its places."""
    for make in (_of_one_name, _of_two_names, _of_pairs):
        yield from make(weighed)


# Kind: the role of the sentence, that of the name, stance, whether the name is the subject.
_ONE_NAME: Final = (
    ("attributed", "attributes", "actor", Stance.AFFIRMS, False),
    ("cleared", "denies", "cleared", Stance.DENIES, False),
    ("unproven", "no-evidence", "unproven", Stance.NO_EVIDENCE, False),
    ("declined", "declines", "", Stance.DECLINES, False),
    ("affected", "effect", "", Stance.AFFIRMS, False),
    ("self-claimed", "self-claim", "persona", Stance.AFFIRMS, True),
    ("recommended", "recommends", "urged", Stance.RECOMMENDS, False),
)
# Kind: the role of the sentence, those of the subject and of the object; the last says whether it may lack an object.
_TWO_NAMES: Final = (
    ("sponsored", "sponsors", "sponsored", "sponsor", False),
    ("native", "originates", "native", "homeland", False),
    ("targeted", "targets", "attacker", "victim", False),
    ("agreed", "agrees", "party", "other-party", False),
    ("supplied", "supplies", "supplier", "recipient", False),
    ("responded", "responds", "responder", "answered", True),
)
WHOLE_OF: Final = {each[0]: each[1] for each in (*_ONE_NAME, *_TWO_NAMES)}
"""The role of the sentence by the kind of claim."""


def _of_one_name(weighed: Weighed) -> Iterator[Proposal]:
    for kind, whole, role, stance, is_subject in _ONE_NAME:
        odds = weighed.of(whole)
        if odds < _GATE:
            continue
        predicate = PREDICATES[whole]
        if not role:
            yield Proposal(kind, predicate, stance, -1, -1, (odds, weighed.of("attributes")))
            continue
        ranked = weighed.ranked(role)
        if not ranked and kind == "recommended":
            yield Proposal(kind, predicate, stance, -1, -1, (odds, _NEVER))
        for of_one, at in _standing(ranked):
            ends = (at, -1) if is_subject else (-1, at)
            yield Proposal(kind, predicate, stance, *ends, (odds, of_one))


def _of_two_names(weighed: Weighed) -> Iterator[Proposal]:
    for kind, whole, first, second, may_lack in _TWO_NAMES:
        odds = weighed.of(whole)
        if odds < _GATE:
            continue
        predicate = PREDICATES[whole]
        of_subject, subject = weighed.best(first)
        if subject < 0:
            continue
        ranked = weighed.ranked(second, weighed.entity(subject, first))
        if may_lack and (not ranked or ranked[0][0] < _LACKS):
            yield Proposal(kind, predicate, Stance.AFFIRMS, subject, -1, (odds, of_subject, _NEVER))
            continue
        for of_object, at in _standing(ranked):
            yield Proposal(kind, predicate, Stance.AFFIRMS, subject, at, (odds, of_subject, of_object))


def _standing(ranked: list[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    """Yield the likeliest name, and the second where it stands for itself: a group and its state are named together."""
    for place, (odds, at) in enumerate(ranked[:2]):
        if place == 0 or odds > 0:
            yield max(odds, _NEVER), at


def _of_pairs(weighed: Weighed) -> Iterator[Proposal]:
    names = [at for at in weighed.skeleton.candidates if weighed.skeleton.items[at].text[1] in "GM"]
    best: dict[str, Proposal] = {}
    for place, first in enumerate(names):
        # In a list of names each is weighed with those that stand next to it.
        for second in names[place + 1 : place + 1 + _NEIGHBOURS]:
            for found in _of_pair(weighed, first, second):
                known = best.get(found.kind)
                if known is None or found.parts > known.parts:
                    best[found.kind] = found
    yield from best.values()


def _of_pair(weighed: Weighed, first: int, second: int) -> Iterator[Proposal]:
    letters = weighed.skeleton.items[first].text[1] + weighed.skeleton.items[second].text[1]
    roles = [role for role in PAIR_ROLES if role.name in weighed.model.kinds and _may_pair(role, letters)]
    if not roles or weighed.entity(first) == weighed.entity(second):
        return
    odds = weighed.model.log_odds(of_pair(weighed.skeleton, first, second))
    for role in roles:
        number = odds[weighed.number[role.name]]
        if number >= _GATE:
            ends = (second, first) if role.end == "back" else (first, second)
            yield Proposal(role.name, PREDICATES[role.name], Stance.AFFIRMS, *ends, (number,))


def _may_pair(role: Role, letters: str) -> bool:
    if role.name in ("uses", "used-by"):
        return letters == ("GM" if role.name == "uses" else "MG")
    return set(letters) <= set(role.letters) and letters[0] == "G"
