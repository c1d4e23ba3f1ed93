"""Imitation: somebody else did it and made it look like an actor's work (the Olympic Destroyer case of 2018).

Its likelihood is the imitated actor's for what an imitator can bring about, and that of an unknown actor for what it
cannot: provider's records, keys, malware that is not public, what a state knows by its own means.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consilience.attribution.balance import Balance
from consilience.attribution.consistency import costly, forgeable, imitable, pointed
from consilience.attribution.settings import WeighSettings
from consilience.model.assessment import EvidenceItem, HypothesisKind, WeighedHypothesis

_TIE = 1e-9
"""Posteriors nearer than this are equal: no evidence tells them apart."""
_LABEL = {"en": "imitation of {}", "fr": "imitation : {}"}
_BY_LABEL = {"en": "{}, imitating {}", "fr": "{}, en imitant {}"}


def with_imitation(
    hypotheses: Sequence[WeighedHypothesis], items: Sequence[EvidenceItem], settings: WeighSettings
) -> tuple[tuple[WeighedHypothesis, ...], tuple[EvidenceItem, ...]]:
    """Return hypotheses and items with the imitation of the leading actor added; as given where nobody leads.

    Where cheap traces point at one actor and costly ones at another, each by ``settings.min_evidence`` decibans, that
    the second imitates the first is added too. Each imitation takes ``settings.imitation_share`` of the prior of the
    actor that is imitated, or that is known to imitate, so that all others keep theirs.

    Several actors that come first alike (within 1e-9) lead nobody, so that no imitation joins them: to take the first
    by id would set apart, by its name alone, what the evidence does not. Such a tie gives no answer anyway.
    """
    actors = [each.id for each in hypotheses if each.kind is HypothesisKind.ACTOR]
    already = any(each.kind is HypothesisKind.IMITATION for each in hypotheses)
    weighs = any(weight for item in items for weight in item.weights.values())
    if not (actors and weighs) or already or not settings.imitation_share:
        return tuple(hypotheses), tuple(items)
    balance = Balance(hypotheses, items, settings)
    found, completed = _with_feigned(balance, hypotheses, items, settings)
    values = dict(zip(balance.ids, balance.posterior(), strict=True))
    highest = max(float(values[each]) for each in actors)
    first = [each for each in actors if float(values[each]) >= highest - _TIE]
    if len(first) > 1:
        return found, completed
    target = first[0]
    imitation = f"imitation-of-{target}"
    share = next(each.prior for each in hypotheses if each.id == target) * settings.imitation_share
    out: list[WeighedHypothesis] = []
    for each in found:
        if each.id != target:
            out.append(each)
            continue
        out.append(msgspec.structs.replace(each, prior=each.prior - share))
        label = {lang: text.format(each.label.get(lang, target)) for lang, text in _LABEL.items()}
        out.append(
            WeighedHypothesis(
                id=imitation, kind=HypothesisKind.IMITATION, label=label, prior=share, posterior=share, of=target
            )
        )
    return tuple(out), tuple(_for_imitation(item, target, imitation) for item in completed)


def cheap_against_costly(
    hypotheses: Sequence[WeighedHypothesis], items: Sequence[EvidenceItem], settings: WeighSettings
) -> tuple[str, str] | None:
    """Return at whom cheap traces point and at whom costly ones do, where these are two actors; else ``None``.

    ``items`` carry the weights that count. What sources conclude is not among the cheap traces, see
    :func:`consistency.forgeable`.
    """
    cheap = pointed(hypotheses, items, forgeable, settings.min_evidence)
    dear = pointed(hypotheses, items, costly, settings.min_evidence)
    return (cheap[0], dear[0]) if cheap and dear and cheap[0] != dear[0] else None


def _with_feigned(
    balance: Balance,
    hypotheses: Sequence[WeighedHypothesis],
    items: Sequence[EvidenceItem],
    settings: WeighSettings,
) -> tuple[tuple[WeighedHypothesis, ...], tuple[EvidenceItem, ...]]:
    """Add that the actor of the costly traces planted the cheap ones; nothing where they do not disagree."""
    pair = cheap_against_costly(hypotheses, balance.weighed_items(), settings)
    if pair is None:
        return tuple(hypotheses), tuple(items)
    of, by = (next(each for each in hypotheses if each.id == key) for key in pair)
    share = by.prior * settings.imitation_share
    feigned = WeighedHypothesis(
        id=f"{by.id}-imitating-{of.id}",
        kind=HypothesisKind.IMITATION,
        label={
            lang: text.format(by.label.get(lang, by.id), of.label.get(lang, of.id)) for lang, text in _BY_LABEL.items()
        },
        prior=share,
        posterior=share,
        of=of.id,
        by=by.id,
    )
    out = [msgspec.structs.replace(each, prior=each.prior - share) if each is by else each for each in hypotheses]
    out.insert(out.index(next(each for each in out if each.id == by.id)) + 1, feigned)
    return tuple(out), tuple(_for_feigned(item, feigned) for item in items)


def _for_feigned(item: EvidenceItem, feigned: WeighedHypothesis) -> EvidenceItem:
    """Give an imitator its own traces, and those of the one imitated that it can have planted; no claim moves."""
    own, other = item.weights.get(feigned.by, 0.0), item.weights.get(feigned.of, 0.0)
    weight = max(own, other) if forgeable(item) and other > 0.0 else own
    return msgspec.structs.replace(item, weights={**item.weights, feigned.id: weight}) if weight else item


def _for_imitation(item: EvidenceItem, target: str, imitation: str) -> EvidenceItem:
    weight = item.weights.get(target, 0.0)
    if weight <= 0.0 or not imitable(item):
        return item
    return msgspec.structs.replace(item, weights={**item.weights, imitation: weight})
