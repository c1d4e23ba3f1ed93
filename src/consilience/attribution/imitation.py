"""Imitation: somebody else did it and made it look like an actor's work (the Olympic Destroyer case of 2018).

Its likelihood is the imitated actor's for what an imitator can bring about, and that of an unknown actor for what it
cannot: provider's records, keys, malware that is not public, what a state knows by its own means.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consilience.attribution.balance import Balance
from consilience.attribution.settings import WeighSettings
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, HypothesisKind, WeighedHypothesis

_TIE = 1e-9
"""Posteriors nearer than this are equal: no evidence tells them apart."""
_LABEL = {"en": "imitation of {}", "fr": "imitation : {}"}


def imitable(item: EvidenceItem) -> bool:
    """Whether somebody who imitates an actor can be expected to bring this item about."""
    tabled = WEIGHTS.plant.get(item.plant_class)
    return tabled is not None and tabled.imitable


def with_imitation(
    hypotheses: Sequence[WeighedHypothesis], items: Sequence[EvidenceItem], settings: WeighSettings
) -> tuple[tuple[WeighedHypothesis, ...], tuple[EvidenceItem, ...]]:
    """Return hypotheses and items with the imitation of the leading actor added; as given where nobody leads.

    Several actors that come first alike (within 1e-9) lead nobody, so that no imitation joins them: to take the first
    by id would set apart, by its name alone, what the evidence does not. Such a tie gives no answer anyway.
    The imitation takes ``settings.imitation_share`` of the imitated actor's prior, so that all others keep theirs.
    """
    actors = [each.id for each in hypotheses if each.kind is HypothesisKind.ACTOR]
    already = any(each.kind is HypothesisKind.IMITATION for each in hypotheses)
    weighs = any(weight for item in items for weight in item.weights.values())
    if not (actors and weighs) or already or not settings.imitation_share:
        return tuple(hypotheses), tuple(items)
    values = dict(zip((each.id for each in hypotheses), Balance(hypotheses, items, settings).posterior(), strict=True))
    highest = max(float(values[each]) for each in actors)
    first = [each for each in actors if float(values[each]) >= highest - _TIE]
    if len(first) > 1:
        return tuple(hypotheses), tuple(items)
    target = first[0]
    imitation = f"imitation-of-{target}"
    out = []
    for each in hypotheses:
        if each.id != target:
            out.append(each)
            continue
        share = each.prior * settings.imitation_share
        out.append(msgspec.structs.replace(each, prior=each.prior - share))
        label = {lang: text.format(each.label.get(lang, target)) for lang, text in _LABEL.items()}
        out.append(
            WeighedHypothesis(
                id=imitation, kind=HypothesisKind.IMITATION, label=label, prior=share, posterior=share, of=target
            )
        )
    return tuple(out), tuple(_for_imitation(item, target, imitation) for item in items)


def _for_imitation(item: EvidenceItem, target: str, imitation: str) -> EvidenceItem:
    weight = item.weights.get(target, 0.0)
    if weight <= 0.0 or not imitable(item):
        return item
    return msgspec.structs.replace(item, weights={**item.weights, imitation: weight})
