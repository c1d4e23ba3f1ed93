"""What the answer would be without an item, an origin or a family, or if traces were planted."""

from __future__ import annotations

from typing import Final

import numpy as np

from consilience.attribution.balance import Balance
from consilience.attribution.consistency import imitable
from consilience.inference.weighing import FloatArray
from consilience.model.assessment import HypothesisKind, Sensitivity

ALL_CHEAP: Final = "all-cheap"
"""``of`` of the test in which every trace within an imitator's reach is planted."""

KINDS: Final = ("without-item", "without-source", "without-family", "if-planted")
"""The tests that ``Sensitivity.kind`` may name, in the order in which they are given."""


def sensitivities(balance: Balance) -> tuple[Sensitivity, ...]:
    """Return the tests by kind, those that change the answer first, then by the posterior that they leave.

    Leaving an item out gives the rest of its group its full say again. ``without-source`` leaves out all that rests on
    an origin, even in part. ``leading`` would then lead, with ``posterior``; the answer also changes where it would be
    withheld, or no longer be. Items that weigh nothing beside the rest of their group are not tested.
    """
    tests = [*_left_out(balance), *_planted(balance)]
    return tuple(
        sorted(tests, key=lambda each: (KINDS.index(each.kind), not each.changes_answer, each.posterior, each.of))
    )


def _left_out(balance: Balance) -> list[Sensitivity]:
    marks: list[tuple[str, str, list[bool]]] = []
    weighing = [bool(row.any()) for row in balance.counting]
    for index, item in enumerate(balance.items):
        if weighing[index]:
            marks.append(("without-item", item.id, [other is item for other in balance.items]))
    marks.extend(
        ("without-source", origin, [origin in item.origins for item in balance.items])
        for origin in sorted({origin for item in balance.items for origin in item.origins})
    )
    marks.extend(
        ("without-family", family.value, [item.family is family for item in balance.items])
        for family in sorted({item.family for item in balance.items})
    )
    marks = [mark for mark in marks if any(left and weighs for left, weighs in zip(mark[2], weighing, strict=True))]
    if not marks:
        return []
    posteriors, counting = balance.without(np.array([mark[2] for mark in marks]))
    return [
        _test(balance, kind, of, values, weights)
        for (kind, of, _), values, weights in zip(marks, posteriors, counting, strict=True)
    ]


def _planted(balance: Balance) -> list[Sensitivity]:
    tests = []
    for index, item in enumerate(balance.items):
        if item.plant_class and (balance.counting[index] > 0).any():
            tests.append(_test(balance, "if-planted", item.id, *balance.with_rows(planted_rows(balance, [index]))))
    cheap = cheap_items(balance)
    if len(cheap) > 1:
        tests.append(_test(balance, "if-planted", ALL_CHEAP, *balance.with_rows(planted_rows(balance, cheap))))
    return tests


def cheap_items(balance: Balance) -> list[int]:
    """Return the indices of the items that an imitator could have brought about."""
    return [i for i, item in enumerate(balance.items) if imitable(item) and (balance.rows[i] > 0).any()]


def planted_rows(balance: Balance, planted: list[int]) -> FloatArray:
    """Return the stand-alone weights (N, K) if the items ``planted`` had been made by somebody else.

    They then say nothing for those to whom they point, and speak in full for whoever imitates them; where they point
    to imitation itself more than to anything else, they say nothing at all.
    """
    rows = balance.rows.copy()
    kinds = [each.kind for each in balance.hypotheses]
    for index in planted:
        given = {k: float(rows[index, k]) for k in range(len(kinds)) if rows[index, k] > 0}
        rows[index, list(given)] = 0.0
        feigned = max((weight for k, weight in given.items() if kinds[k] is not HypothesisKind.IMITATION), default=0.0)
        pointed = {balance.ids[k] for k in given}
        for k, hypothesis in enumerate(balance.hypotheses):
            imitates = hypothesis.kind is HypothesisKind.IMITATION and (not hypothesis.of or hypothesis.of in pointed)
            if imitates and (hypothesis.of or given.get(k, 0.0) <= feigned):
                rows[index, k] = feigned
    return rows


def _test(balance: Balance, kind: str, of: str, values: FloatArray, counting: FloatArray) -> Sensitivity:
    base = balance.posterior()
    leader, now = balance.leading(base), balance.leading(values)
    names = {balance.hypotheses[each].culprit for each in (leader, now)}
    withheld = bool(balance.withheld(values, counting)) != bool(balance.withheld(base))
    return Sensitivity(
        kind=kind,
        of=of,
        posterior=round(float(values[now]), 4),
        leading=balance.ids[now],
        changes_answer=len(names) > 1 or withheld,
    )
