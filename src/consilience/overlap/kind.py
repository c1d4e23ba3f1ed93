"""What kind of link there is between two clusters: same actor, cooperation, common supplier, hijack, imitation or
coincidence. The rules are in ``overlap.link_rules``; this module finds their signs and damps them.

Damping. A claim is right with probability x = r·h, r from the Admiralty grades of source and statement, h from the
words of likelihood: LR' = 1 + x (LR - 1), the formula w = log[(r a + (1-r) q) / (r b + (1-r) q)] with b = q. Then the
cap for planting. What one origin says counts once: repeats and relays of one claim are one item, in the origin's own
words where these are at hand; what a relay says beyond an origin that speaks of the pair itself is shown and weighs
nothing; a source that names several kinds spreads its word over them; and what else rests on the same origin is
discounted (:attr:`LinkSettings.dependence`).

Kinds of item and their parameters (all texts; numbers with a point; ``a`` and ``b`` name the two clusters):

========================  ===========================================================================================
``chance-overlap``        ``a b unit observed expected p q pairs population``
``overlap-above-chance``  ``a b unit observed expected p q pairs population origins``
``shared-address``        ``a b value type gap_days`` (a number, or ``unknown``) ``listed`` (a list, or empty)
                          ``prevalence``
``one-side-only``         ``a b value type under`` (which of the two) ``lists``
``claim-shares``          ``a b subject object predicate stance term source``
``claim-cooperates``      as ``claim-shares``
``claim-imitates``        as ``claim-shares``
``claim-hijack``          as ``claim-shares``, and ``unaware`` (``yes`` where the other side's ignorance is stated)
``claim-supplies``        as ``claim-shares``; ``subject`` is the supplier, ``object`` is empty: both
``claim-same``            as ``claim-shares``, and ``own`` (``yes`` where the namer itself merges its cluster)
``victims-differ``        ``a b victims_a victims_b`` (enumerated)
``tools-differ``          ``a b tools_a tools_b``
========================  ===========================================================================================

``stance`` is that of the statement (``affirms``, ``suspects``, ``denies``, ``finds-no-evidence``); ``term`` its word of
likelihood, or empty. An item whose weights are all 0 is there to be read, not to be counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from consilience.inference.common_roots import counted_under
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import (
    EvidenceItem,
    HypothesisKind,
    PairOverlap,
    Quotation,
    SharedObservable,
    WeightPart,
)
from consilience.model.source import Reliability, Source
from consilience.model.source import origins as origins_of
from consilience.model.statement import EntityType, Predicate, Stance, Statement
from consilience.overlap import link_rules
from consilience.overlap.link_rules import LinkRule
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings, is_linked

KINDS: Final = tuple(dict.fromkeys(rule.code for rule in link_rules.LINK_RULES))
"""What ``EvidenceItem.kind`` may be for the question *link*."""

PARTS: Final = (
    "table",
    "reliability",
    "hedge",
    "decay",
    "dates-unknown",
    "listed",
    "prevalence",
    "planting-cap",
    "shared-origin",
)
"""The steps that ``WeightPart.name`` may name in these items."""

_ADDRESSES: Final = frozenset({"ipv4-addr", "ipv6-addr", "host-port"})
_NAMING: Final = frozenset(rule.code for rule in link_rules.LINK_RULES if rule.names)
_SYMMETRIC: Final = frozenset({"claim-shares", "claim-cooperates", "claim-same"})
_USED: Final = frozenset({Stance.AFFIRMS, Stance.SUSPECTS, Stance.DENIES, Stance.NO_EVIDENCE})


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How strictly overlaps and claims on a link are read. Start values, to be calibrated.

    How far a source is believed stands in ``knowledge.evidence_weights``. ``no_evidence`` is how much of a denial it
    is to have found nothing. ``dependence`` is what remains of an item whose origin has already spoken more strongly.
    ``chance_level``: above this p-value an overlap is at chance level. ``listed`` and ``undated`` are what remains of
    a shared address on a list of hosting providers, and of one whose dates are unknown.
    """

    no_evidence: float = 0.3
    dependence: float = 0.5
    chance_level: float = 0.05
    listed: float = 0.5
    undated: float = 0.5
    overlap: OverlapSettings = OverlapSettings()


class ReportedArtefact(msgspec.Struct, frozen=True):
    """A value that a report gives to both clusters, with the names under which public lists have it."""

    type: str
    value: str
    listed_under: tuple[str, ...]
    lists: str


class _Claim(msgspec.Struct, frozen=True):
    """Statements of one origin that say the same of the two clusters; ``hedge`` and ``reliability`` in [0, 1].

    ``beyond``: only relays say so, of an origin that speaks of the pair itself and does not say it.
    """

    rule: LinkRule
    origin: str
    stance: Stance
    said: tuple[Statement, ...]
    hedge: float
    reliability: float
    params: dict[str, str]
    stated: bool
    beyond: bool

    @property
    def denies(self) -> bool:
        return self.stance in {Stance.DENIES, Stance.NO_EVIDENCE}


class _Sides:
    """The two clusters under all names that the analyst takes to be theirs; the first is shown."""

    def __init__(self, a: Sequence[str], b: Sequence[str]) -> None:
        if not a or not b:
            raise ValueError("each cluster needs a name")
        self.a, self.b = a[0], b[0]
        self._names = ({_fold(name) for name in a}, {_fold(name) for name in b})
        if self._names[0] & self._names[1]:
            raise ValueError(f"the two clusters share the name {min(self._names[0] & self._names[1])!r}")

    def of(self, name: str) -> str:
        """Return ``a``, ``b``, or an empty text for a name that belongs to neither."""
        folded = _fold(name)
        return "a" if folded in self._names[0] else "b" if folded in self._names[1] else ""


def _fold(name: str) -> str:
    return " ".join(name.casefold().split())


def link_evidence(
    a: Sequence[str],
    b: Sequence[str],
    hypotheses: Mapping[HypothesisKind, str],
    *,
    overlaps: Iterable[PairOverlap] = (),
    statements: Iterable[Statement] = (),
    sources: Mapping[str, Source] | None = None,
    artefacts: Iterable[ReportedArtefact] = (),
    settings: LinkSettings | None = None,
) -> tuple[EvidenceItem, ...]:
    """Return the evidence on what kind of link there is between two clusters.

    ``a`` and ``b`` are the names of each cluster, the one to show first; ``hypotheses`` gives the id of each kind in
    the case, and a kind that is missing gets no weight. ``overlaps`` are figures for this pair, nested units
    included; ``sources`` are those that ``statements`` and ``overlaps`` speak of, by id, and an unknown one has grade
    F. Weights are to be added up over the items; they are already discounted for shared origins. Raises
    ``ValueError`` where a side has no name, or both have one name.
    """
    settings = settings or LinkSettings()
    sides, known = _Sides(a, b), sources or {}
    said = tuple(sorted(set(statements), key=lambda statement: statement.id))
    items = [
        *_overlap_items(sides, tuple(overlaps), known, settings),
        *_artefact_items(sides, artefacts),
        *(_claim_item(sides, claim) for claim in _claims(sides, said, known, settings)),
        *_difference_items(sides, said, known),
    ]
    numbered: dict[str, int] = {}
    finished = []
    for item in _discount(items, settings.dependence):
        numbered[item.kind] = numbered.get(item.kind, 0) + 1
        finished.append(_finish(item, f"{item.kind}-{numbered[item.kind]}", hypotheses))
    return tuple(finished)


def _item(
    rule: LinkRule, params: dict[str, str], group: str, belief: float, parts: tuple[tuple[str, float], ...]
) -> EvidenceItem:
    """Return an item with weights by kind. ``belief`` is x; ``parts`` are the factors of x, in the order to show."""
    weights = {kind: min(_damped(weight, belief), rule.cap) for kind, weight in rule.weights.items()}
    best = max(weights, key=lambda kind: weights[kind], default=HypothesisKind.UNKNOWN)
    steps, sofar = [], 1.0
    tabled = rule.weights.get(best, 0.0)
    steps.append(WeightPart("table", round(tabled, 2), {"basis": rule.basis}))
    for name, factor in parts:
        step = _damped(tabled, sofar * factor) - _damped(tabled, sofar)
        steps.append(WeightPart(name, step, {"factor": f"{factor:.3g}"}))
        sofar *= factor
    if tabled and _damped(tabled, belief) > rule.cap:
        steps.append(WeightPart("planting-cap", rule.cap - _damped(tabled, belief), {"class": rule.plant_class}))
    return EvidenceItem(
        id="",
        family=rule.family,
        kind=rule.code,
        params=params,
        group=group,
        speaks_for="",
        weights={kind.value: weight for kind, weight in weights.items()},
        parts=tuple(steps),
        plant_class=rule.plant_class,
    )


def _damped(decibans: float, belief: float) -> float:
    """Return 10·log10(1 + x (LR - 1)), the weight of a sign that is real with probability ``belief``."""
    return 10.0 * math.log10(1.0 + belief * (10.0 ** (decibans / 10.0) - 1.0))


def _discount(items: Sequence[EvidenceItem], dependence: float) -> list[EvidenceItem]:
    """Leave the strongest item of each group whole and shorten those that lean on the same origin.

    Claims of one origin that name different kinds are alternatives, over which its word is spread already: all of
    them stay whole. Where an overlap is counted in several units, the others are shown and weigh nothing.
    """
    out = []
    for index, item in enumerate(items):
        rivals = [(other, place) for place, other in enumerate(items) if other.group == item.group and place != index]
        beaten = any((-_strength(other), place) < (-_strength(item), index) for other, place in rivals)
        if not beaten or _is_alternative(item):
            out.append(item)
        else:
            out.append(_shorten(item, 0.0 if item.group.startswith("overlap:") else dependence))
    return out


def _is_alternative(item: EvidenceItem) -> bool:
    return item.kind in _NAMING and item.params["stance"] in {Stance.AFFIRMS, Stance.SUSPECTS}


def _strength(item: EvidenceItem) -> float:
    return max((abs(weight) for weight in item.weights.values()), default=0.0)


def _shorten(item: EvidenceItem, factor: float) -> EvidenceItem:
    best = max(item.weights.values(), default=0.0)
    return msgspec.structs.replace(
        item,
        weights={kind: weight * factor for kind, weight in item.weights.items()},
        parts=(*item.parts, WeightPart("shared-origin", best * (factor - 1.0), {"factor": f"{factor:g}"})),
    )


def _finish(item: EvidenceItem, identifier: str, hypotheses: Mapping[HypothesisKind, str]) -> EvidenceItem:
    """Replace kinds by the case's ids, round, and say for which hypothesis the item speaks if for one only."""
    weights = {id_: round(item.weights.get(kind.value, 0.0), 2) + 0.0 for kind, id_ in hypotheses.items()}
    top = max(weights.values(), default=0.0)
    leading = [id_ for id_, weight in weights.items() if weight == top]
    speaks_for = leading[0] if top > 0.0 and len(leading) == 1 else ""
    parts = _rounded(item.parts, top) if speaks_for else ()
    return msgspec.structs.replace(item, id=identifier, weights=weights, speaks_for=speaks_for, parts=parts)


def _rounded(parts: Sequence[WeightPart], total: float) -> tuple[WeightPart, ...]:
    """Round the parts to two decimals so that they still add up to ``total``."""
    out, exact, shown = [], 0.0, 0.0
    for part in parts[:-1]:
        exact += part.decibans
        step = round(round(exact, 2) - shown, 2) + 0.0
        shown = round(shown + step, 2)
        out.append(WeightPart(part.name, step, part.params))
    out.extend(WeightPart(part.name, round(total - shown, 2) + 0.0, part.params) for part in parts[-1:])
    return tuple(out)


def _overlap_items(
    sides: _Sides, overlaps: Sequence[PairOverlap], known: Mapping[str, Source], settings: LinkSettings
) -> list[EvidenceItem]:
    group = f"overlap:{sides.a}|{sides.b}"
    linked = [each for each in overlaps if is_linked(each, settings.overlap)]
    items = []
    for pair in sorted(linked, key=lambda each: each.q_value):
        item = _item(link_rules.OVERLAP_ABOVE_CHANCE, _overlap_params(sides, pair), group, 1.0, ())
        limit = -_sellke(pair.q_value)
        weights = {kind: max(weight, limit) for kind, weight in item.weights.items()}
        items.append(msgspec.structs.replace(item, weights=weights, **_sources_of(pair.shared, known)))
    # p = 1 with something shared: too few clusters to leave anything to chance, so that nothing was tested.
    at_chance = [each for each in overlaps if each.observed and settings.chance_level < each.p_value < 1.0]
    if not linked:
        for pair in sorted(at_chance, key=lambda each: (each.unit == ALL_UNITS, -each.observed, each.unit)):
            item = _item(link_rules.CHANCE_OVERLAP, _overlap_params(sides, pair), group, 1.0, ())
            items.append(msgspec.structs.replace(item, **_sources_of(pair.shared, known)))
    above = {pair.unit for pair in linked}
    seen: set[tuple[str, str]] = set()
    for pair in overlaps:
        if pair.unit in _ADDRESSES and pair.unit not in above:
            for shared in pair.shared:
                if (shared.type, shared.value) not in seen:
                    seen.add((shared.type, shared.value))
                    items.append(_address_item(sides, shared, known, settings))
    return items


def _sellke(q_value: float) -> float:
    """Return the most decibans that a p-value can speak against chance: ``-10·log10(-e q ln q)``, 0 above 1/e."""
    q = max(q_value, 1e-300)
    return -10.0 * math.log10(-math.e * q * math.log(q)) if q < 1.0 / math.e else 0.0


def _overlap_params(sides: _Sides, pair: PairOverlap) -> dict[str, str]:
    return {
        "a": sides.a,
        "b": sides.b,
        "unit": pair.unit,
        "observed": str(pair.observed),
        "expected": f"{pair.expected:.2f}",
        "p": f"{pair.p_value:.3g}",
        "q": f"{pair.q_value:.3g}",
        "pairs": str(pair.pairs_tested),
        "population": pair.population,
        "origins": str(pair.origins),
    }


def _sources_of(shared: Iterable[SharedObservable], known: Mapping[str, Source]) -> dict[str, tuple[str, ...]]:
    sources = sorted({source for each in shared for source in each.sources})
    return {"sources": tuple(sources), "origins": _origins(sources, known)}


def _origins(sources: Iterable[str], known: Mapping[str, Source]) -> tuple[str, ...]:
    derives = {key: source.derives_from for key, source in known.items()}
    return tuple(sorted({origin for source in sources for origin in origins_of(source, derives)}))


def _address_item(
    sides: _Sides, shared: SharedObservable, known: Mapping[str, Source], settings: LinkSettings
) -> EvidenceItem:
    """One shared address: full weight where the uses are days apart and only these two are known to have used it."""
    rule, half_life = link_rules.SHARED_ADDRESS, WEIGHTS.days(WEIGHTS.trace[link_rules.SHARED_ADDRESS.code])
    fresh = settings.undated if shared.gap_days is None else 0.5 ** (shared.gap_days / half_life)
    dated = "dates-unknown" if shared.gap_days is None else "decay"
    listed = settings.listed if shared.discount else 1.0
    rare = 1.0 / max(math.comb(shared.prevalence, 2), 1)
    reliability = max((_graded(known.get(source)) for source in shared.sources), default=_graded(None))
    params = {
        "a": sides.a,
        "b": sides.b,
        "value": shared.value,
        "type": shared.type,
        "gap_days": "unknown" if shared.gap_days is None else f"{shared.gap_days:g}",
        "listed": shared.discount,
        "prevalence": str(shared.prevalence),
    }
    found = _sources_of((shared,), known)
    group = f"origin:{found['origins'][0]}" if len(found["origins"]) == 1 else f"address:{shared.value}"
    factors = (("reliability", reliability), (dated, fresh), ("listed", listed), ("prevalence", rare))
    item = _item(rule, params, group, reliability * fresh * listed * rare, factors)
    return msgspec.structs.replace(item, **found)


def _artefact_items(sides: _Sides, artefacts: Iterable[ReportedArtefact]) -> list[EvidenceItem]:
    items = []
    for artefact in artefacts:
        under = {side for name in artefact.listed_under if (side := sides.of(name))}
        if len(under) == 1:
            params = {
                "a": sides.a,
                "b": sides.b,
                "value": artefact.value,
                "type": artefact.type,
                "under": sides.a if under == {"a"} else sides.b,
                "lists": artefact.lists,
            }
            items.append(_item(link_rules.ONE_SIDE_ONLY, params, f"artefact:{artefact.value}", 1.0, ()))
    return items


def _claims(
    sides: _Sides, statements: Sequence[Statement], known: Mapping[str, Source], settings: LinkSettings
) -> list[_Claim]:
    """Return one claim for each origin, rule, direction and stance; then spread each origin's word over its kinds."""
    suppliers = _common_suppliers(sides, statements)
    read = [
        (rule, statement, frozenset(_origins((statement.source,), known)))
        for statement in statements
        if statement.stance in _USED and (rule := _rule_for(sides, statement, suppliers)) is not None
    ]
    speaking = {statement.source for _, statement, roots in read if statement.source in roots}
    alike: dict[tuple[str, str, str], list[tuple[LinkRule, Statement, frozenset[str]]]] = {}
    for rule, statement, roots in read:
        directed = rule.code not in _SYMMETRIC and statement.object is not None
        direction = sides.of(statement.subject.name) if directed else ""
        key = (rule.code, direction, "against" if _denies(statement) else "for")
        alike.setdefault(key, []).append((rule, statement, roots))
    gathered: dict[tuple[str, str, str, str], list[tuple[LinkRule, Statement]]] = {}
    for key, several in alike.items():
        origins = counted_under([roots for _, _, roots in several], speaking)
        for (rule, statement, _), origin in zip(several, origins, strict=True):
            gathered.setdefault((origin, *key), []).append((rule, statement))
    claims = [
        _claim(origin, said, known, settings, speaks=origin in speaking)
        for (origin, *_), said in sorted(gathered.items(), key=lambda item: item[0])
    ]
    return _spread(claims)


def _denies(statement: Statement) -> bool:
    return statement.stance in {Stance.DENIES, Stance.NO_EVIDENCE}


def _rule_for(sides: _Sides, statement: Statement, suppliers: frozenset[str]) -> LinkRule | None:
    if statement.object is None:
        return None
    subject, target = sides.of(statement.subject.name), sides.of(statement.object.name)
    if statement.predicate == Predicate.SUPPLIES and target and not subject:
        return link_rules.CLAIM_SUPPLIES if _fold(statement.subject.name) in suppliers else None
    if not subject or not target or subject == target:
        return None
    if statement.predicate == Predicate.HIJACKS and dict(statement.attributes).get("other-side") == "unaware":
        return link_rules.CLAIM_HIJACK_UNAWARE
    rule = next((rule for predicate, rule in link_rules.RULE_OF.items() if predicate == statement.predicate), None)
    if rule is link_rules.CLAIM_SAME and statement.predicate != Predicate.PART_OF:
        namers = {statement.subject.namer, statement.object.namer} - {""}
        return link_rules.CLAIM_SAME_OWN if statement.source in namers else rule
    return rule


def _common_suppliers(sides: _Sides, statements: Iterable[Statement]) -> frozenset[str]:
    """Return the third parties that are said to supply both clusters, by whichever sources."""
    supplied: dict[str, set[str]] = {}
    for statement in statements:
        if statement.predicate != Predicate.SUPPLIES or statement.object is None or _denies(statement):
            continue
        side = sides.of(statement.object.name)
        if side and not sides.of(statement.subject.name):
            supplied.setdefault(_fold(statement.subject.name), set()).add(side)
    return frozenset(name for name, both in supplied.items() if len(both) == 2)


def _claim(
    origin: str,
    said: Sequence[tuple[LinkRule, Statement]],
    known: Mapping[str, Source],
    settings: LinkSettings,
    *,
    speaks: bool,
) -> _Claim:
    """Join the statements of one origin; ``speaks``: it says something of the pair itself, here or elsewhere.

    Its own words decide where they are at hand, the firmest of them; else what others quote of it; else the most
    reliable and least firm of its relays, for relays harden what they repeat.
    """
    quoted = [each for each in said if each[1].source == origin]
    own = [each for each in quoted if not each[1].via] or quoted
    if own:
        rule, best = max(own, key=lambda each: (_force(each, known), _hedge(each[1], settings), each[1].id))
    else:
        rule, best = min(said, key=lambda each: (-_reliability(known, each[1]), _hedge(each[1], settings), each[1].id))
    supplied = rule is link_rules.CLAIM_SUPPLIES
    return _Claim(
        rule=rule,
        origin=origin,
        stance=best.stance,
        said=tuple(dict.fromkeys((best, *(statement for _, statement in said)))),
        hedge=_hedge(best, settings),
        reliability=_reliability(known, best),
        beyond=speaks and not own,
        params={
            "subject": best.subject.name,
            "object": "" if supplied or best.object is None else best.object.name,
            "predicate": str(best.predicate),
            "stance": best.stance.value,
            "term": best.likelihood.term if best.likelihood else "",
            "source": known[best.source].name if best.source in known else best.source,
        },
        stated=best.likelihood is not None,
    )


def _force(each: tuple[LinkRule, Statement], known: Mapping[str, Source]) -> float:
    return max(each[0].weights.values()) * _reliability(known, each[1])


def _hedge(statement: Statement, settings: LinkSettings) -> float:
    """Return the probability that the source itself gives its claim, or its denial."""
    if statement.stance == Stance.NO_EVIDENCE:
        return settings.no_evidence
    if statement.likelihood is not None:
        return 0.5 * (statement.likelihood.low + statement.likelihood.high)
    return WEIGHTS.claim.suspects if statement.stance == Stance.SUSPECTS else WEIGHTS.claim.affirms


def _graded(source: Source | None) -> float:
    """Return P(true as reported) from the grade of a source; one that nobody described has grade F."""
    return WEIGHTS.reliable(source.reliability if source else Reliability.F)


def _reliability(known: Mapping[str, Source], statement: Statement) -> float:
    """Return P(true as reported): the weaker of source and relay, bounded by credibility, times stated confidence."""
    grades = [_graded(known.get(each)) for each in {statement.source, statement.via} if each]
    level = statement.confidence.level if statement.confidence else ""
    return min(*grades, WEIGHTS.credible(statement.credibility), 1.0) * WEIGHTS.claim.of_confidence(level)


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
    return not claim.denies and not claim.beyond


def _claim_item(sides: _Sides, claim: _Claim) -> EvidenceItem:
    rule = claim.rule
    if claim.denies:
        against = {kind: -weight for kind, weight in rule.weights.items() if weight > 0.0}
        rule = msgspec.structs.replace(rule, weights=against)
    params = {"a": sides.a, "b": sides.b, **claim.params}
    if rule.code == "claim-hijack":
        params["unaware"] = "yes" if claim.rule is link_rules.CLAIM_HIJACK_UNAWARE else ""
    if rule.code == "claim-same":
        params["own"] = "yes" if claim.rule is link_rules.CLAIM_SAME_OWN else ""
    factors = (("reliability", claim.reliability), ("hedge", claim.hedge))
    item = _item(rule, params, f"origin:{claim.origin}", claim.reliability * claim.hedge, factors)
    if claim.beyond:
        item = _shorten(item, 0.0)
    return msgspec.structs.replace(
        item,
        sources=tuple(dict.fromkeys(statement.source for statement in claim.said)),
        origins=(claim.origin,),
        statements=tuple(statement.id for statement in claim.said),
        quotations=_quotations(claim.said),
    )


def _quotations(said: Iterable[Statement]) -> tuple[Quotation, ...]:
    return tuple(
        Quotation(
            text=statement.quote,
            lang=statement.lang,
            source=statement.source,
            document=statement.place.document,
            place=_place(statement),
            statement=statement.id,
        )
        for statement in said
        if statement.quote
    )


def _place(statement: Statement) -> str:
    place = statement.place
    chars = f"chars {place.start}-{place.end}" if place.start >= 0 else ""
    return " ".join(part for part in (place.pointer, chars) if part)


def _difference_items(
    sides: _Sides, statements: Sequence[Statement], known: Mapping[str, Source]
) -> list[EvidenceItem]:
    """Compare what is said of the victims, and of the tools, of each side; say something only where none is in both."""
    software = frozenset({EntityType.MALWARE, EntityType.TOOL})
    rows = (
        (link_rules.VICTIMS_DIFFER, Predicate.TARGETS, frozenset(EntityType), "victims"),
        (link_rules.TOOLS_DIFFER, Predicate.USES, software, "tools"),
    )
    items = []
    for rule, predicate, types, word in rows:
        said = [
            statement
            for statement in statements
            if statement.predicate == predicate
            and statement.stance == Stance.AFFIRMS
            and statement.object is not None
            and statement.object.type in types
            and sides.of(statement.subject.name)
        ]
        named: dict[str, dict[str, str]] = {"a": {}, "b": {}}
        for statement in said:
            if statement.object is not None:
                thing = statement.object
                named[sides.of(statement.subject.name)][_fold(thing.id or thing.name)] = thing.name
        if not named["a"] or not named["b"] or named["a"].keys() & named["b"].keys():
            continue
        reliability = min(_reliability(known, statement) for statement in said)
        params = {"a": sides.a, "b": sides.b} | {
            f"{word}_{side}": ", ".join(sorted(set(names.values()))) for side, names in named.items()
        }
        sources = tuple(sorted({statement.source for statement in said}))
        items.append(
            msgspec.structs.replace(
                _item(rule, params, word, reliability, (("reliability", reliability),)),
                sources=sources,
                origins=_origins(sources, known),
                statements=tuple(statement.id for statement in said),
                quotations=_quotations(said),
            )
        )
    return items
