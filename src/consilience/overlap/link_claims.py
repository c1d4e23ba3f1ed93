"""What sources say of the link between two clusters, as items: each origin counts once, in its own words.

What one origin says counts once: repeats and relays of one claim are one item, in the origin's own words where these
are at hand. What a relay says beyond an origin that speaks of the pair itself is shown and weighs nothing. A source
that names several kinds spreads its word over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from consilience.inference.common_roots import counted_under
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem
from consilience.model.source import Source, SourceKind
from consilience.model.statement import Predicate, Stance, Statement
from consilience.overlap import link_rules
from consilience.overlap.belief import origins, reliability
from consilience.overlap.link_items import LinkSettings, item_of, quotations, shorten
from consilience.overlap.link_rules import LinkRule
from consilience.overlap.pair_knowledge import PairKnowledge, Sides, fold
from consilience.overlap.shared_tools import launches
from consilience.overlap.signatures import common_suppliers, denies, stated_signs

_DIRECTED: Final = frozenset({"claim-imitates", "claim-hijack", "claim-part"})
_USED: Final = frozenset({Stance.AFFIRMS, Stance.SUSPECTS, Stance.DENIES, Stance.NO_EVIDENCE})


class _Claim(msgspec.Struct, frozen=True):
    """Statements of one origin that say the same of the two clusters; ``hedge`` and ``reliability`` in [0, 1].

    ``beyond``: only relays say so, of an origin that speaks of the pair itself and does not say it. ``origins`` are two
    where each says a half (:func:`_joined_supply`); ``origin`` is then the first.
    """

    rule: LinkRule
    origin: str
    origins: tuple[str, ...]
    stance: Stance
    said: tuple[Statement, ...]
    hedge: float
    reliability: float
    params: dict[str, str]
    stated: bool
    beyond: bool
    denied: bool


class _Reading(msgspec.Struct, frozen=True):
    """One thing that a statement says of the two: by which rule, for it or against it, on whose first word."""

    rule: LinkRule
    statement: Statement
    roots: frozenset[str]
    against: bool


def claim_items(
    sides: Sides,
    statements: Sequence[Statement],
    knowledge: PairKnowledge,
    known: Mapping[str, Source],
    settings: LinkSettings,
) -> list[EvidenceItem]:
    """Return an item for each origin, rule, direction and stance; each origin's word is spread over its kinds."""
    read = _readings(sides, statements, knowledge, known)
    speaking = {each.statement.source for each in read if each.statement.source in each.roots}
    alike: dict[tuple[str, str, bool], list[_Reading]] = {}
    for each in read:
        alike.setdefault((each.rule.code, _direction(sides, each), each.against), []).append(each)
    gathered: dict[tuple[str, str, str, bool], list[_Reading]] = {}
    for key, several in alike.items():
        roots = counted_under([each.roots for each in several], speaking)
        for each, origin in zip(several, roots, strict=True):
            gathered.setdefault((origin, *key), []).append(each)
    claims = {
        key: _claim(key[0], said, known, settings, speaks=key[0] in speaking)
        for key, said in sorted(gathered.items(), key=lambda item: item[0])
    }
    halves = {
        key: claim for key, claim in claims.items() if claim.rule is link_rules.CLAIM_SUPPLIES and _counts_for(claim)
    }
    whole = [claim for key, claim in claims.items() if key not in halves]
    joined = _joined_supply({(origin, direction): claim for (origin, _, direction, _), claim in halves.items()})
    return [_claim_item(sides, claim) for claim in _spread([*whole, *joined])]


def _direction(sides: Sides, each: _Reading) -> str:
    """Return which of the two does it to the other, or which of the two is supplied and by whom; else nothing."""
    subject, thing = each.statement.subject, each.statement.object
    if each.rule is link_rules.CLAIM_SUPPLIES and thing is not None:
        return sides.of(thing.name) + fold(subject.name)
    return sides.of(subject.name) if each.rule.code in _DIRECTED else ""


def _joined_supply(halves: Mapping[tuple[str, str], _Claim]) -> list[_Claim]:
    """Join what is said of the supply of either side, by origin and direction, to claims of a common supplier.

    An origin that says it of both sides counts with its weaker half, and with one supplier. Where none does, the two
    firmest halves of different origins count together: both have to be right.
    """
    both: dict[str, _Claim] = {}
    for (origin, direction), claim in halves.items():
        other = halves.get((origin, "b" + direction[1:]))
        if direction.startswith("a") and other is not None:
            weaker, stronger = sorted((claim, other), key=_belief)
            found = msgspec.structs.replace(weaker, said=(*weaker.said, *stronger.said))
            both[origin] = max(both.get(origin, found), found, key=_belief)
    if both or not halves:
        return list(both.values())
    best: dict[str, dict[str, _Claim]] = {}
    for (_, direction), claim in halves.items():
        sides = best.setdefault(direction[1:], {})
        sides[direction[0]] = max(sides.get(direction[0], claim), claim, key=_belief)
    pairs = [tuple(sides[each] for each in "ab") for sides in best.values() if len(sides) == 2]
    one, other = max(pairs, key=lambda pair: _belief(pair[0]) * _belief(pair[1]))
    joined = msgspec.structs.replace(
        one,
        origin=min(one.origin, other.origin),
        origins=tuple(sorted((one.origin, other.origin))),
        said=(*one.said, *other.said),
        hedge=one.hedge * other.hedge,
        reliability=one.reliability * other.reliability,
    )
    return [joined]


def _belief(claim: _Claim) -> float:
    return claim.reliability * claim.hedge


def _readings(
    sides: Sides, statements: Sequence[Statement], knowledge: PairKnowledge, known: Mapping[str, Source]
) -> list[_Reading]:
    """Return what statements say of the two: the relation that they claim, and the signs that they report as seen."""
    suppliers = common_suppliers(sides, statements)
    started = {each.id for each in launches(sides, statements, knowledge.tools)}
    found = []
    for statement in statements:
        roots = frozenset(origins((statement.source,), known))
        rule = _rule_for(sides, statement, suppliers, known) if statement.stance in _USED else None
        if rule is not None:
            found.append(_Reading(rule, statement, roots, denies(statement)))
            # What a denial reports as seen, such as that the other side knew nothing, is not denied by it.
            found += [_Reading(sign, statement, roots, against=False) for sign in stated_signs(statement)]
        if statement.id in started:
            found.append(_Reading(link_rules.TOOL_THROUGH_IMPLANT, statement, roots, against=False))
    return found


def _rule_for(
    sides: Sides, statement: Statement, suppliers: frozenset[str], known: Mapping[str, Source]
) -> LinkRule | None:
    if statement.object is None:
        return None
    subject, target = sides.of(statement.subject.name), sides.of(statement.object.name)
    if statement.predicate == Predicate.SUPPLIES and target and not subject:
        return link_rules.CLAIM_SUPPLIES if fold(statement.subject.name) in suppliers else None
    if not subject or not target or subject == target:
        return None
    rule = link_rules.RULE_OF.get(str(statement.predicate))
    return link_rules.CLAIM_SAME_OWN if rule is link_rules.CLAIM_SAME and _merges_own(statement, known) else rule


def _merges_own(statement: Statement, known: Mapping[str, Source]) -> bool:
    """Return whether a source says so of a cluster that it defines: a list that collects names defines none by them."""
    source = known.get(statement.source)
    collects = source is not None and source.kind is SourceKind.FEED and statement.predicate != Predicate.REVOKED_BY
    namers = {statement.subject.namer, statement.object.namer if statement.object else ""}
    return statement.source in namers and statement.predicate != link_rules.SIMILAR and not collects


def _claim(
    origin: str,
    said: Sequence[_Reading],
    known: Mapping[str, Source],
    settings: LinkSettings,
    *,
    speaks: bool,
) -> _Claim:
    """Join the statements of one origin; ``speaks``: it says something of the pair itself, here or elsewhere.

    Its own words decide where they are at hand, the firmest of them; else what others quote of it; else the most
    reliable and least firm of its relays, for relays harden what they repeat.
    """
    quoted = [each for each in said if each.statement.source == origin]
    own = [each for each in quoted if not each.statement.via] or quoted
    if own:
        chosen = max(own, key=lambda each: (_force(each, known), _hedge(each, settings), each.statement.id))
    else:
        chosen = min(
            said,
            key=lambda each: (-reliability(known, each.statement), _hedge(each, settings), each.statement.id),
        )
    best, supplied = chosen.statement, chosen.rule is link_rules.CLAIM_SUPPLIES
    return _Claim(
        rule=chosen.rule,
        origin=origin,
        origins=(origin,),
        stance=best.stance,
        said=tuple(dict.fromkeys((best, *(each.statement for each in said)))),
        hedge=_hedge(chosen, settings),
        reliability=reliability(known, best),
        beyond=speaks and not own,
        params={
            "subject": best.subject.name,
            "object": "" if supplied or best.object is None else best.object.name,
            "predicate": str(best.predicate),
            "stance": (best.stance if chosen.against or not denies(best) else Stance.AFFIRMS).value,
            "term": best.likelihood.term if best.likelihood else "",
            "source": known[best.source].name if best.source in known else best.source,
        },
        stated=best.likelihood is not None,
        denied=chosen.against,
    )


def _force(each: _Reading, known: Mapping[str, Source]) -> float:
    return max(each.rule.weights.values()) * reliability(known, each.statement)


def _hedge(each: _Reading, settings: LinkSettings) -> float:
    """Return the probability that the source itself gives its claim, or its denial."""
    statement = each.statement
    if statement.stance == Stance.NO_EVIDENCE:
        return settings.no_evidence
    if statement.likelihood is not None:
        return 0.5 * (statement.likelihood.low + statement.likelihood.high)
    return WEIGHTS.claim.suspects if statement.stance == Stance.SUSPECTS else WEIGHTS.claim.affirms


def _spread(claims: Sequence[_Claim]) -> list[_Claim]:
    """Let no origin give more than certainty to the kinds that it names: they exclude one another.

    What it says with a word of likelihood keeps it; the rest shares what these leave over.
    """
    out = []
    for claim in claims:
        rivals = [each for each in claims if each.origin == claim.origin and each.rule.names and _counts_for(each)]
        if not _counts_for(claim) or claim.rule.names is None or len({each.rule.names for each in rivals}) < 2:
            out.append(claim)
            continue
        stated = sum(each.hedge for each in rivals if each.stated)
        free = sum(each.hedge for each in rivals if not each.stated)
        if claim.stated:
            share = claim.hedge / max(stated, 1.0)
        else:
            share = claim.hedge * min(1.0, max(0.0, 1.0 - stated) / free)
        out.append(msgspec.structs.replace(claim, hedge=share))
    return out


def _counts_for(claim: _Claim) -> bool:
    return not claim.denied and not claim.beyond


def _claim_item(sides: Sides, claim: _Claim) -> EvidenceItem:
    rule = claim.rule
    if claim.denied:
        against = {kind: -weight for kind, weight in rule.weights.items() if weight > 0.0}
        rule = msgspec.structs.replace(rule, weights=against)
    params = {"a": sides.a, "b": sides.b, **claim.params}
    if rule.code == "claim-hijack":
        unaware = any(link_rules.UNAWARE in stated_signs(statement) for statement in claim.said)
        params["unaware"] = "yes" if unaware else ""
    if rule.code == "claim-same":
        params["own"] = "yes" if claim.rule is link_rules.CLAIM_SAME_OWN else ""
    factors = (("reliability", claim.reliability), ("hedge", claim.hedge))
    item = item_of(rule, params, f"origin:{claim.origin}", claim.reliability * claim.hedge, factors)
    if claim.beyond:
        item = shorten(item, 0.0)
    return msgspec.structs.replace(
        item,
        sources=tuple(dict.fromkeys(statement.source for statement in claim.said)),
        origins=claim.origins,
        statements=tuple(statement.id for statement in claim.said),
        quotations=quotations(claim.said),
    )
