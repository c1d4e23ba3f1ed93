"""What sources say about who did it: one item for each origin, sort of claim and target.

The weight of a claim is log[(r·a + (1-r)·q) / (r·b + (1-r)·q)] (the reliability of the reporter inside the likelihood;
``inference.weighing.report_weight``). a is the middle of the claimant's own interval, b = (1-a) spread over the other
hypotheses, q = 1 / number of hypotheses, r the probability that the source's report is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from consilience.attribution.account import Account, item_id, number
from consilience.attribution.facts import fold
from consilience.attribution.settings import WeighSettings
from consilience.attribution.view import FactView, is_event
from consilience.inference.common_roots import counted_under
from consilience.inference.weighing import decibans, report_weight, temper
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, Family
from consilience.model.source import Reliability, SourceKind
from consilience.model.statement import EntityType, Predicate, SpeechAct, Stance, Statement

CLAIM_PREDICATES: Final = frozenset(
    {
        Predicate.ATTRIBUTED_TO.value,
        Predicate.SPONSORED_BY.value,
        Predicate.ORIGINATES_FROM.value,
        Predicate.CLAIMS_RESPONSIBILITY.value,
    }
)

_PLANT: Final = {
    SourceKind.STATE: "claim-official",
    SourceKind.INTERNATIONAL: "claim-official",
    SourceKind.COURT: "claim-official",
    SourceKind.VENDOR: "claim-technical",
    SourceKind.RESEARCH: "claim-technical",
    SourceKind.ANALYST: "claim-technical",
}

_EXTREME: Final = 0.01
"""No source is read as more certain than 1 - this, nor less than this."""


class Kind(StrEnum):
    """The kinds of claim, as they stand in ``EvidenceItem.kind``."""

    ASSESSMENT = "claim-assessment"
    JUDGEMENT = "claim-judgement"
    LINK = "claim-link"
    SELF = "claim-self"
    DENIAL = "claim-denial"
    NO_EVIDENCE = "claim-no-evidence"


_BLAMING: Final = (Kind.ASSESSMENT, Kind.LINK, Kind.JUDGEMENT)
"""Kinds by which a source names a culprit, what says most of its own work first."""


class Claim(msgspec.Struct, frozen=True):
    """A statement read as a claim: its kind, the hypotheses it is about, whose word it is, and the origins behind."""

    statement: Statement
    kind: Kind
    targets: tuple[str, ...]
    voice: str
    origins: tuple[str, ...]

    @property
    def own(self) -> bool:
        """Whether the one who speaks is an origin: not a relay of others."""
        return self.voice in self.origins


Key = tuple[str, Kind, tuple[str, ...]]
"""What makes claims one item: origin, kind, targets."""


def claim_items(view: FactView, settings: WeighSettings) -> tuple[EvidenceItem, ...]:
    """Return the items that claims make. What repeats an origin joins that origin's item and adds nothing to it."""
    claims = [claim for each in view.statements if (claim := _read(view, each, settings))]
    groups: dict[Key, list[Claim]] = {}
    for kind, targets in sorted({(claim.kind, claim.targets) for claim in claims}):
        alike = [claim for claim in claims if (claim.kind, claim.targets) == (kind, targets)]
        speaking = _speaking(claims, kind, targets)
        origins = counted_under([frozenset(claim.origins) for claim in alike], speaking.keys())
        for claim, origin in zip(alike, origins, strict=True):
            groups.setdefault((origin, _joined_kind(claim, speaking.get(origin, ())), targets), []).append(claim)
    leads = {key: _representative(view, members) for key, members in groups.items()}
    return tuple(_item(view, settings, key, groups[key], leads) for key in sorted(groups))


def _speaking(claims: Iterable[Claim], kind: Kind, targets: tuple[str, ...]) -> dict[str, tuple[Claim, ...]]:
    """Return the origins that speak themselves, and what they say: blame of any kind is one word, all else is not."""
    found: dict[str, tuple[Claim, ...]] = {}
    for claim in claims:
        alike = claim.kind is kind or (claim.kind in _BLAMING and kind in _BLAMING)
        if claim.own and alike and set(claim.targets).intersection(targets):
            found[claim.voice] = (*found.get(claim.voice, ()), claim)
    return found


def _joined_kind(claim: Claim, said: Iterable[Claim]) -> Kind:
    """Return the kind of item that a claim joins: what a relay says joins what its origin says of the same targets.

    A judgement stays one: that a state has spoken is shown, even where it adds nothing.
    """
    kinds = {each.kind for each in said if each.targets == claim.targets}
    if claim.own or claim.kind is Kind.JUDGEMENT or not kinds or claim.kind in kinds:
        return claim.kind
    return next(kind for kind in _BLAMING if kind in kinds)


def _read(view: FactView, statement: Statement, settings: WeighSettings) -> Claim | None:
    if statement.predicate not in CLAIM_PREDICATES or statement.stance in {Stance.DECLINES, Stance.RECOMMENDS}:
        return None
    found = _kind_and_targets(view, statement)
    if found is None or not found[1] or view.off_topic(statement, settings.period_slack):
        return None
    kind, targets = found
    voice = view.voice(statement)
    behind = (f"self:{fold(statement.subject.name)}",) if kind is Kind.SELF else view.origins(voice)
    return Claim(statement, kind, targets, voice, behind)


def _kind_and_targets(view: FactView, statement: Statement) -> tuple[Kind, tuple[str, ...]] | None:
    if statement.predicate == Predicate.CLAIMS_RESPONSIBILITY:
        if statement.stance == Stance.NO_EVIDENCE:
            return None
        kind = Kind.DENIAL if statement.stance == Stance.DENIES else Kind.SELF
        return kind, view.named(statement.subject.name)
    if statement.object is None:
        return None
    targets = view.targets(statement.object)
    direct = view.in_incident(statement.subject)
    if not (direct or _speaks_through(view, statement)):
        return None
    if statement.stance == Stance.DENIES:
        return Kind.DENIAL, targets
    if statement.stance == Stance.NO_EVIDENCE:
        return Kind.NO_EVIDENCE, targets
    if not direct:
        return Kind.LINK, targets
    if statement.act == SpeechAct.SELF_CLAIM:
        return Kind.SELF, targets
    return (Kind.JUDGEMENT if statement.act == SpeechAct.JUDGEMENT else Kind.ASSESSMENT), targets


def _speaks_through(view: FactView, statement: Statement) -> bool:
    """Whether a sponsor named for the subject says something of the incident.

    It does for a persona, and for a cluster that is tied to the incident and is not itself one of the hypotheses: who
    sponsors a hypothesis is knowledge, not evidence that this hypothesis did it.
    """
    subject = statement.subject
    if is_event(subject):
        return False
    name = fold(subject.name)
    if subject.type == EntityType.PERSONA or name in view.claimants:
        return True
    return name in view.tied and not view.named(subject.name)


def _representative(view: FactView, claims: Sequence[Claim]) -> Claim:
    """Return the claim whose words count: nearest to the origin, said by itself, most credible, with a term, latest.

    Never simply the strongest: relays harden what they repeat.
    """
    latest_first = sorted(claims, key=lambda claim: (claim.statement.said, claim.statement.id), reverse=True)
    return min(
        latest_first,
        key=lambda claim: (
            view.steps(claim.voice),
            bool(claim.statement.via),
            claim.statement.credibility,
            claim.statement.likelihood is None and claim.statement.confidence is None,
        ),
    )


def probability(statement: Statement) -> float:
    """Return a: the middle of the stated interval, else what a bare affirmation or suspicion is read as."""
    if statement.likelihood is not None:
        middle = (statement.likelihood.low + statement.likelihood.high) / 2
        return min(max(middle, _EXTREME), 1 - _EXTREME)
    firm = statement.stance != Stance.SUSPECTS and statement.act != SpeechAct.ALLEGATION
    if statement.predicate == Predicate.ORIGINATES_FROM:
        firm = False
    return WEIGHTS.claim.affirms if firm else WEIGHTS.claim.suspects


def reliability(view: FactView, statement: Statement) -> float:
    """Return r: what grades and credibility leave, times the source's own confidence.

    Confidence speaks of the evidence base, so it acts here and not on a.
    """
    stated = WEIGHTS.claim.of_confidence(statement.confidence.level) if statement.confidence else 1.0
    return view.reliability(statement) * stated


def accused(view: FactView, claim: Claim) -> bool:
    """Whether the one who speaks is the one who is blamed, their persona, or somebody whom their own organ relays."""
    source, relay = view.source(claim.statement.source), view.source(claim.statement.via)
    countries = {view.facts.members[each].country for each in claim.targets if each in view.facts.members} - {""}
    named = {*view.named(source.id), *view.named(source.name)}
    persona = source.kind == SourceKind.PERSONA or claim.statement.predicate == Predicate.CLAIMS_RESPONSIBILITY
    own_organ = relay.kind == SourceKind.STATE and relay.country in countries
    return persona or own_organ or source.country in countries or bool(named.intersection(claim.targets))


def _item(
    view: FactView,
    settings: WeighSettings,
    key: Key,
    members: Sequence[Claim],
    leads: dict[Key, Claim],
) -> EvidenceItem:
    origin, kind, targets = key
    lead = leads[key]
    code = _plant_class(view, lead, origin)
    account = _account(view, lead, settings, code)
    group = _group(view, lead, origin)
    follows = _assessment_behind(view, lead, origin, leads) if kind is Kind.JUDGEMENT else ""
    if follows:
        account.move("follows-assessment", 0.0, source=view.source(follows).name)
        group = follows
    spoken = sorted(members, key=lambda claim: (claim is not lead, claim.statement.id))
    sources = {each for claim in members for each in (claim.statement.source, claim.statement.via) if each}
    return EvidenceItem(
        id=item_id(kind.value, origin, *targets),
        family=Family.CLAIMS,
        kind=kind.value,
        params=_params(view, lead, members, follows),
        group=f"claims/{group}",
        speaks_for=targets[0],
        weights=dict.fromkeys(targets, account.total),
        parts=account.parts,
        plant_class=code if account.total > 0 else "",
        sources=tuple(sorted(sources)),
        origins=(origin,) if not origin.startswith("self:") else view.origins_of([lead.statement.source]),
        statements=tuple(claim.statement.id for claim in spoken),
        quotations=tuple(view.quotation(claim.statement) for claim in spoken),
    )


def _group(view: FactView, claim: Claim, origin: str) -> str:
    """Return with what a claim counts once: the judgements of one state's organs, and all denials by the accused."""
    if claim.kind is Kind.DENIAL and accused(view, claim):
        return f"accused {' '.join(claim.targets)}"
    source = view.source(claim.statement.source)
    state = source.kind == SourceKind.STATE and source.country
    return f"state {source.country}" if claim.kind is Kind.JUDGEMENT and state else origin


def _plant_class(view: FactView, claim: Claim, origin: str) -> str:
    if claim.kind is Kind.SELF:
        return "persona"
    kind = view.source(origin).kind
    return "persona" if kind == SourceKind.PERSONA else _PLANT.get(kind, "claim-other")


def _account(view: FactView, claim: Claim, settings: WeighSettings, code: str) -> Account:
    statement, others = claim.statement, len(view.hypotheses) - len(claim.targets)
    r = reliability(view, statement)
    if claim.kind is Kind.NO_EVIDENCE or (claim.kind is Kind.DENIAL and accused(view, claim)):
        row = "no-evidence" if claim.kind is Kind.NO_EVIDENCE else "denial-accused"
        account = Account(WEIGHTS.weight[row].value, row=row)
        account.move("reliability", temper(account.exact, 1 - r), r=number(r))
        return account
    a = probability(statement)
    b, q = (1 - a) / max(1, others), 1 / len(view.hypotheses)
    if claim.kind is Kind.DENIAL:
        a, b, q = 1 - a, a, 0.5
    if claim.kind is Kind.SELF:
        r = min(r, WEIGHTS.reliable(Reliability.F))
    if others == 0:
        return Account(0.0, term="names-all")
    account = Account(decibans(a / b), term=_term(statement), a=number(a), b=number(b))
    account.move("reliability", report_weight(a, b, q, r), r=number(r), q=number(q))
    if claim.kind is Kind.LINK:
        tie = WEIGHTS.claim.tie
        account.move("link-tie", report_weight(a, b, q, r * tie), tie=number(tie))
    account.plant(code, settings)
    return account


def _assessment_behind(view: FactView, judgement: Claim, own: str, leads: dict[Key, Claim]) -> str:
    """Return the origin of the assessment on which a judgement rests: its ``own`` first, then another of its origins or
    one of the same state, on the same target.
    """
    speakers = {judgement.statement.source, *judgement.origins}
    states = {each.country for each in map(view.source, speakers) if each.kind == SourceKind.STATE and each.country}
    for (origin, kind, targets), lead in sorted(leads.items(), key=lambda pair: (pair[0][0] != own, pair[0])):
        if kind not in {Kind.ASSESSMENT, Kind.LINK} or not set(targets).intersection(judgement.targets):
            continue
        other = view.source(lead.statement.source)
        if origin in speakers or (other.kind == SourceKind.STATE and other.country in states):
            return origin
    return ""


def _term(statement: Statement) -> str:
    return statement.likelihood.term if statement.likelihood else ""


def _params(view: FactView, lead: Claim, members: Iterable[Claim], follows: str) -> dict[str, str]:
    statement = lead.statement
    likelihood, confidence = statement.likelihood, statement.confidence
    members = tuple(members)
    voices = {claim.voice for claim in members}
    given = {
        "source": view.source(statement.source).name,
        "source-id": statement.source,
        "via": view.source(statement.via).name if statement.via else "",
        "subject": statement.subject.name,
        "object": ", ".join(_objects(lead, members)),
        "targets": ", ".join(lead.targets),
        "stance": statement.stance.value,
        "act": statement.act.value,
        "said": statement.said,
        "term": likelihood.term if likelihood else "",
        "scale": likelihood.scale if likelihood else "",
        "low": number(likelihood.low) if likelihood else "",
        "high": number(likelihood.high) if likelihood else "",
        "confidence": confidence.level if confidence else "",
        "lang": statement.lang,
        "statements": str(len({claim.statement.id for claim in members})),
        "copies": str(len(voices) - 1),
        "follows": view.source(follows).name if follows else "",
        "accused": ("yes" if accused(view, lead) else "no") if lead.kind is Kind.DENIAL else "",
    }
    return {name: value for name, value in given.items() if value}


def _objects(lead: Claim, members: Iterable[Claim]) -> list[str]:
    """Return all that the one whose words count names as culprit: one operation may be blamed on several clusters."""
    blames = lead.kind is not Kind.SELF
    own = [claim.statement for claim in members if blames and claim.voice == lead.voice] or [lead.statement]
    return sorted({each.object.name for each in own if each.object})
