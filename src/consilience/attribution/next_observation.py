"""Which observation, not yet made, would move the answer most: the strongest one to be hoped for of each sort."""

from __future__ import annotations

from typing import Final

from consilience.attribution.account import number
from consilience.attribution.balance import Balance
from consilience.attribution.sensitivity import cheap_items, planted_rows
from consilience.inference.weighing import FloatArray
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.assessment import EvidenceItem, Family, HypothesisKind, NextObservation

_FAMILIES: Final = {
    "exclusive-infrastructure": Family.INFRASTRUCTURE,
    "non-public-malware": Family.MALWARE,
    "provider-records": Family.CONTROL,
    "independent-assessment": Family.CLAIMS,
    "planted-proof": Family.CONTROL,
}

KINDS: Final = tuple(_FAMILIES)
"""The observations that ``NextObservation.kind`` may name."""

_MOVES: Final = 5e-5
"""Change of a posterior below which nothing moves in the four decimals that are shown."""

_ALL: Final = ("exclusive-infrastructure", "non-public-malware", "provider-records", "independent-assessment")
_RECORDS: Final = ("provider-records", "independent-assessment")

_FITTING: Final = {
    HypothesisKind.ACTOR: _ALL,
    HypothesisKind.SAME_ACTOR: _ALL,
    HypothesisKind.COOPERATION: _ALL,
    HypothesisKind.SUPPLIER: _RECORDS,
    HypothesisKind.HIJACK: _RECORDS,
    HypothesisKind.COINCIDENCE: _RECORDS,
    HypothesisKind.IMITATION: ("planted-proof", "independent-assessment"),
}
"""Which observations can speak for which sort of hypothesis; for the unknown actor none can."""


def next_observations(balance: Balance) -> tuple[NextObservation, ...]:
    """Return observations towards the leading and the next hypothesis, those that move their posterior most first.

    What would move neither, such as one more claim where claims have said all that they may, is left out.

    ``leading`` would then lead, with ``posterior``; ``decibans`` is the tabled weight, or for ``planted-proof`` in an
    incident the change of the leader's log-odds.
    """
    base = balance.posterior()
    ranked = sorted(range(len(balance.ids)), key=lambda k: (-round(float(base[k]), 9), balance.ids[k]))
    rivals = [k for k in ranked if not balance.is_unknown(k)][:2]
    found = [
        (float(after[k] - base[k]), observation)
        for k in rivals
        for code in _FITTING.get(balance.hypotheses[k].kind, ())
        for after, observation in (_observed(balance, base, k, code),)
        if abs(float(after[k] - base[k])) >= _MOVES
    ]
    found.sort(key=lambda pair: (-round(abs(pair[0]), 9), pair[1].kind, pair[1].towards))
    return tuple(observation for _, observation in found)


def _observed(balance: Balance, base: FloatArray, towards: int, code: str) -> tuple[FloatArray, NextObservation]:
    hypothesis = balance.hypotheses[towards]
    weight = WEIGHTS.next[code].value
    params = {"weight": number(weight)}
    if code == "planted-proof" and hypothesis.of:
        leader = balance.leading(base)
        after, _ = balance.with_rows(planted_rows(balance, cheap_items(balance)))
        weight = balance.margin(leader, after) - balance.margin(leader, base)
        params = {"of": hypothesis.of, "items": str(len(cheap_items(balance)))}
    else:
        after = balance.with_item(
            EvidenceItem(
                id="next",
                family=_FAMILIES[code],
                kind=code,
                params={},
                group="next",
                speaks_for=hypothesis.id,
                weights={hypothesis.id: weight},
            )
        )
    leading = balance.leading(after)
    observation = NextObservation(
        kind=code,
        towards=hypothesis.id,
        decibans=round(weight, 2) + 0.0,
        posterior=round(float(after[leading]), 4),
        leading=balance.ids[leading],
        params=params,
    )
    return after, observation
