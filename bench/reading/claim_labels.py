"""From annotated sentences to what a name, a pair of names or a sentence is in each claim: what the reader learns from.

A label is 1 where the annotation says so, 0 where it does not, and ``None`` where either would do: what is true but not
demanded, or left open, neither teaches nor tests.
"""

from __future__ import annotations

from typing import Final

import msgspec
from claim_matching import RESPONSES, Allowed, Entry, Expectation, has_source, is_one_of

from consilience.extract.claim_features import Skeleton
from consilience.extract.claim_proposals import skeleton_of
from consilience.extract.claim_roles import NAME_ROLES, PAIR_ROLES, SENTENCE_ROLES, Role
from consilience.extract.claim_slots import entity_of
from consilience.extract.sentence_reading import Reading
from consilience.model.statement import Entity, Predicate, Stance

Label = int | None
_OPEN: Final = (None, None)


class Labelled(msgspec.Struct, frozen=True):
    """A sentence with the labels of its names (by item number), of its pairs, and its own; by role.

    ``entities`` says by item number whom a name stands for: one that is named twice plays its role once.
    """

    entry: str
    skeleton: Skeleton
    entities: dict[int, str]
    names: dict[int, dict[str, Label]]
    pairs: dict[tuple[int, int], dict[str, Label]]
    whole: dict[str, Label]


def labels_of(entry: Entry, reading: Reading, lang: str, parts: int) -> Labelled:
    """Return the labels of a sentence of an entry, which has so many ``parts``, as the reader masks it."""
    skeleton = skeleton_of(reading)
    here = [each for each in entry.expected if _stands_here(each, entry, reading)]
    vague = {id(each) for each in here if parts > 1 and not each.at}
    tokens = reading.masked.tokens
    entities = {at: entity_of(tokens[skeleton.items[at].number]) for at in skeleton.candidates}

    def label(role: Role, ends: tuple[Entity | None, Entity | None]) -> Label:
        found: Label = 0
        for each in here:
            if not _is_of(role, each):
                continue
            fits = _fits(role, each, ends, lang) if _plainly(role, each) else None
            if fits == 1 and id(each) not in vague:
                return 1
            found = None if fits != 0 else found
        if found == 0 and any(_is_of(role, each) and _may(each, ends, lang) for each in entry.also_true):
            return None
        return found

    return Labelled(
        entry=entry.id,
        skeleton=skeleton,
        entities={at: entity.id or entity.name for at, entity in entities.items()},
        names={at: {r.name: label(r, (entity, None)) for r in NAME_ROLES} for at, entity in entities.items()},
        pairs={
            (first, second): {r.name: label(r, (entities[first], entities[second])) for r in PAIR_ROLES}
            for place, first in enumerate(skeleton.candidates)
            for second in skeleton.candidates[place + 1 :]
            if skeleton.items[first].text[1] + skeleton.items[second].text[1] in ("GG", "GM", "MG")
        },
        whole={role.name: label(role, _OPEN) for role in SENTENCE_ROLES},
    )


def _stands_here(each: Expectation, entry: Entry, reading: Reading) -> bool:
    if not each.at:
        return True
    return reading.sentence.start <= entry.text.index(each.at) < reading.sentence.end


def _is_of(role: Role, each: Expectation | Allowed) -> bool:
    predicates = set(each.predicate.split("|"))
    if (role.predicate not in predicates) if role.predicate else (Predicate.RESPONDS in predicates):
        return False
    if not {Stance(stance) for stance in each.stance.split("|")} & set(role.stances):
        return False
    return not role.response or isinstance(each, Allowed) or each.response in (role.response, "")


def _plainly(role: Role, each: Expectation) -> bool:
    """False where the annotator would accept another stance too: such a claim does not teach this one."""
    return {Stance(stance) for stance in each.stance.split("|")} <= set(role.stances)


def _fits(role: Role, each: Expectation, ends: tuple[Entity | None, Entity | None], lang: str) -> Label:
    """Return 1 where the names are those of the expectation, ``None`` where it leaves them open."""
    if role.end == "whole":
        return None if role.response and (not each.response or each.response not in RESPONSES) else 1
    if role.end == "speaker":
        wanted = each.claimant
        return int(bool(ends[0]) and bool(wanted) and has_source(ends[0], wanted, lang)) if wanted else None
    if role.end in ("subject", "object"):
        wanted = each.subject if role.end == "subject" else each.object
        return None if not wanted else int(is_one_of(ends[0], wanted, lang))
    if not each.subject or not each.object:
        return None
    there = is_one_of(ends[0], each.subject, lang) and is_one_of(ends[1], each.object, lang)
    back = is_one_of(ends[1], each.subject, lang) and is_one_of(ends[0], each.object, lang)
    if role.end == "either":
        return int(there or back)
    return int(there if role.end == "forth" else back)


def _may(each: Allowed, ends: tuple[Entity | None, Entity | None], lang: str) -> bool:
    return not each.object or ends == _OPEN or any(is_one_of(end, each.object, lang) for end in ends if end)
