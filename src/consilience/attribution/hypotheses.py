"""Which explanations compete, and their probabilities before the evidence."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from consilience.attribution.facts import agreed_country, fold
from consilience.attribution.settings import DEFAULTS, WeighSettings
from consilience.errors import CaseError
from consilience.knowledge.values import KnownCluster
from consilience.model.assessment import HypothesisKind, WeighedHypothesis
from consilience.model.case import Case, CaseHypothesis, Question
from consilience.model.statement import Entity, EntityType, Predicate, Stance, Statement

UNKNOWN_ID: Final = "unknown"

_UNKNOWN_LABEL: Final = {
    Question.WHO: {"en": "an actor not named here", "fr": "un acteur qui n’est pas nommé ici"},
    Question.LINK: {"en": "a link of another kind", "fr": "un lien d’une autre nature"},
}

_LINK_LABELS: Final = {
    HypothesisKind.SAME_ACTOR: {"en": "one and the same actor", "fr": "un seul et même acteur"},
    HypothesisKind.SUBGROUP: {"en": "one a part of the other", "fr": "l’un fait partie de l’autre"},
    HypothesisKind.COOPERATION: {"en": "cooperation", "fr": "coopération"},
    HypothesisKind.SUPPLIER: {"en": "a common supplier", "fr": "un fournisseur commun"},
    HypothesisKind.HIJACK: {
        "en": "one took over what belongs to the other",
        "fr": "l’un s’est emparé des moyens de l’autre",
    },
    HypothesisKind.IMITATION: {"en": "one imitates the other", "fr": "l’un imite l’autre"},
    HypothesisKind.COINCIDENCE: {"en": "coincidence", "fr": "coïncidence"},
}

_ACTOR_TYPES: Final = frozenset(
    {EntityType.CLUSTER, EntityType.PERSONA, EntityType.COUNTRY, EntityType.ORGANISATION, EntityType.CAMPAIGN}
)


def initial_hypotheses(
    case: Case,
    statements: Sequence[Statement] = (),
    country_codes: Mapping[str, str] | None = None,
    settings: WeighSettings = DEFAULTS,
    known: Mapping[str, tuple[KnownCluster, ...]] | None = None,
    further: Sequence[CaseHypothesis] = (),
) -> tuple[WeighedHypothesis, ...]:
    """Return the hypotheses of a case with their priors; an unknown one is always among them.

    For the question *who*: those that the case states, else its clusters and the actors that claims in
    ``statements`` name. ``known`` maps those names (:func:`claimed_names`) to the clusters that carry them as a name or
    an alias. Names that one cluster of some publisher carries together are one hypothesis, except that clusters which
    the case names apart stay apart: this applies publishers' claims on names while reading, and merges nothing. A group
    has the country on which its publishers agree. ``further`` are those that analysts add; one whose id is there
    already adds nothing.

    Unknown has ``settings.unknown_prior`` unless the case gives it another; what the stated priors leave over is shared
    equally. Imitation of the leading actor joins when the items are weighed.
    For *link*: the seven kinds of link and unknown. A link is as likely as none, and its kinds are alike, unless the
    case states other priors for these ids; ``overlap.link_verdict`` starts from the same, so that a case and a pair
    asked for outside of any case get one answer.

    Raises :class:`CaseError` where stated priors leave nothing for the other hypotheses, or two share an id.
    """
    codes = {fold(name): code.upper() for name, code in (country_codes or {}).items()}
    if case.question is Question.LINK:
        stated = {each.id: each.prior for each in case.hypotheses}
        kinds = [(kind.value, kind, label) for kind, label in _LINK_LABELS.items()]
        drafts = [_draft(CaseHypothesis(id=i, label=label, prior=stated.get(i, 0.0)), kind) for i, kind, label in kinds]
        drafts.append(_unknown(case, stated.get(UNKNOWN_ID, 0.0)))
        return _with_priors(drafts, {HypothesisKind.COINCIDENCE: float(len(drafts) - 1)})
    asked = case.hypotheses or _from_claims(case, statements, codes, known or {})
    asked = (*asked, *(each for each in further if each.id not in {one.id for one in asked}))
    drafts = [_draft(each, HypothesisKind.ACTOR) for each in asked if each.id != UNKNOWN_ID]
    given = next((each.prior for each in asked if each.id == UNKNOWN_ID), 0.0)
    rest = 1.0 - math.fsum(each.prior for each in drafts)
    all_given = bool(drafts) and all(each.prior for each in drafts)
    drafts.append(_unknown(case, given or (rest if all_given else settings.unknown_prior if drafts else 1.0)))
    return _with_priors(drafts)


def _draft(asked: CaseHypothesis, kind: HypothesisKind) -> WeighedHypothesis:
    if not 0.0 <= asked.prior < 1.0:
        raise CaseError(f"the prior of {asked.id!r} is {asked.prior}, not a probability below 1", place="hypotheses")
    return WeighedHypothesis(
        id=asked.id,
        kind=kind,
        label=asked.label,
        prior=asked.prior,
        posterior=0.0,
        names=asked.names,
        country=asked.country,
    )


def _unknown(case: Case, prior: float) -> WeighedHypothesis:
    stated = next((each.label for each in case.hypotheses if each.id == UNKNOWN_ID), {})
    label = stated or _UNKNOWN_LABEL[case.question]
    return WeighedHypothesis(id=UNKNOWN_ID, kind=HypothesisKind.UNKNOWN, label=label, prior=prior, posterior=0.0)


def _with_priors(
    drafts: list[WeighedHypothesis], shares: Mapping[HypothesisKind, float] | None = None
) -> tuple[WeighedHypothesis, ...]:
    """Give what the stated priors leave over to the other hypotheses, by ``shares`` (1 each where it names none)."""
    if len({each.id for each in drafts}) < len(drafts):
        raise CaseError("two hypotheses have the same id", place="hypotheses")
    rest = 1.0 - math.fsum(each.prior for each in drafts)
    open_ones = [each for each in drafts if not each.prior]
    if rest < -1e-9 or (open_ones and rest <= 1e-9) or any(each.prior < 0 for each in drafts):
        raise CaseError("the stated priors leave nothing for the other hypotheses", place="hypotheses")
    if not open_ones and rest > 1e-9:
        raise CaseError(f"the stated priors add up to {1.0 - rest:.4f}, not to 1", place="hypotheses")
    parts = {each.id: (shares or {}).get(each.kind, 1.0) for each in open_ones}
    whole = math.fsum(parts.values())
    priors = [each.prior or rest * parts[each.id] / whole for each in drafts]
    return tuple(
        msgspec.structs.replace(each, prior=prior, posterior=prior) for each, prior in zip(drafts, priors, strict=True)
    )


def claimed_names(case: Case, statements: Sequence[Statement]) -> tuple[str, ...]:
    """Return the names to look up for ``known``: the case's clusters, and the actors that claims name; sorted."""
    return tuple(sorted({*case.clusters, *(each.name for each in _all_blamed(statements))} - {""}))


def _from_claims(
    case: Case,
    statements: Sequence[Statement],
    codes: Mapping[str, str],
    known: Mapping[str, tuple[KnownCluster, ...]],
) -> tuple[CaseHypothesis, ...]:
    """Return a hypothesis for each cluster of the case and each actor that is blamed for, or claims, an incident.

    Names that a publisher gives to one cluster are one hypothesis. A country is a hypothesis of its own only where no
    group is said, by the case or by all its publishers, to be that country's.
    """
    blamed = _all_blamed(statements)
    groups = [*case.clusters, *(each.name for each in blamed if not _code(each, codes))]
    found = {fold(each.names[0]): each for each in _joined(case.clusters, groups, known)}
    countries = {each.country for each in found.values()}
    for entity in sorted(blamed, key=lambda each: each.name):
        code = _code(entity, codes)
        if code and code not in countries:
            countries.add(code)
            found.setdefault(fold(entity.name), _named((entity.name,), code))
    return tuple(found[key] for key in sorted(found))


def _joined(
    own: Sequence[str], names: Sequence[str], known: Mapping[str, tuple[KnownCluster, ...]]
) -> tuple[CaseHypothesis, ...]:
    """Return a hypothesis for each group of names that one cluster of some publisher carries together.

    ``own`` are the case's clusters, which always stay apart; ``names`` has each name as often as it was said. The
    label is the case's own name, else the one said most often, else the first. Nothing is stored: publishers' claims
    on names are applied to the claims of this case as they are read, no more.
    """
    written: dict[str, str] = {}
    for name in (*own, *sorted(names)):
        written.setdefault(fold(name), name)
    written.pop("", None)
    clusters: dict[str, list[KnownCluster]] = {key: [] for key in written}
    for name in sorted(set(names)):
        if fold(name) in clusters:
            clusters[fold(name)].extend(known.get(name, ()))
    said = Counter(fold(name) for name in names)
    first = [key for key in dict.fromkeys(map(fold, own)) if key]
    found = []
    for group in _groups(first, {key: frozenset(each.key for each in found) for key, found in clusters.items()}):
        label = min(group, key=lambda key: (key not in first, -said[key], written[key]))
        others = sorted(written[key] for key in group if key != label)
        carried = {each.key: each for key in group for each in clusters[key]}
        found.append(_named((written[label], *others), agreed_country(carried.values())))
    return tuple(found)


def _groups(apart: Sequence[str], keys: Mapping[str, frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Return names in groups that share a cluster key with one another; no group holds two names that stand ``apart``.

    Around each name of ``apart`` its group grows step by step. A name that two groups reach in the same step is
    contested: it joins neither, and nothing is joined through it. What no group reaches is joined as it hangs together.
    """
    groups = [[name] for name in apart]
    alone: list[list[str]] = []
    left = sorted(keys.keys() - set(apart))
    while left:
        reached = {name: [group for group in groups if any(keys[name] & keys[each] for each in group)] for name in left}
        alone.extend([name] for name in left if len(reached[name]) > 1)
        joining = [name for name in left if len(reached[name]) == 1]
        for name in joining:
            reached[name][0].append(name)
        left = [name for name in left if not reached[name]]
        if left and not joining:
            groups.append([left.pop(0)])
    return tuple(tuple(group) for group in (*groups, *alone))


def _blamed(statement: Statement) -> tuple[Entity, ...]:
    if statement.predicate == Predicate.CLAIMS_RESPONSIBILITY:
        return (statement.subject,)
    spoken = statement.predicate == Predicate.ATTRIBUTED_TO and statement.stance in {Stance.AFFIRMS, Stance.SUSPECTS}
    if spoken and statement.object and statement.object.type in _ACTOR_TYPES:
        return (statement.object,)
    return ()


def _all_blamed(statements: Sequence[Statement]) -> tuple[Entity, ...]:
    """Return the actors that are blamed for, or claim, an incident, as often as statements do so."""
    return tuple(each for statement in statements for each in _blamed(statement))


def _code(entity: Entity, codes: Mapping[str, str]) -> str:
    if entity.type == EntityType.COUNTRY and re.fullmatch("[A-Z]{2}", entity.id):
        return entity.id
    return codes.get(fold(entity.name), "")


def _named(names: tuple[str, ...], country: str) -> CaseHypothesis:
    return CaseHypothesis(id=slug(names[0]), label={"en": names[0], "fr": names[0]}, names=names, country=country)


def slug(name: str) -> str:
    """Return an id made of ASCII letters, digits and hyphens; names in other scripts get part of their SHA-256."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return short or "h-" + hashlib.sha256(name.encode()).hexdigest()[:8]
