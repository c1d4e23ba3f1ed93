"""What may be called of an overlap: one word for tables, drawings and exports, so that they cannot disagree."""

from __future__ import annotations

from enum import StrEnum

from consilience.model.assessment import PairOverlap
from consilience.overlap.pairs import OverlapSettings, is_linked


class Verdict(StrEnum):
    """What an overlap amounts to.

    ``LEAD``: more than chance gives for one pair, but not what a link takes (:func:`overlap.pairs.is_linked`).
    ``UNSEEN``: chance does not explain the number, and the values were not looked at one by one, as the pair came
    after as many as the settings allow (``OverlapSettings.explained``); name the pair to have it looked at.
    """

    LINK = "link"
    LEAD = "lead"
    CHANCE = "chance level"
    UNSEEN = "not examined"


def verdict(pair: PairOverlap, settings: OverlapSettings) -> Verdict:
    """Return what may be called of a pair at the false discovery rate of ``settings``."""
    if is_linked(pair, settings):
        return Verdict.LINK
    if not pair.observed or pair.p_value > settings.fdr:
        return Verdict.CHANCE
    unseen = pair.observed >= settings.least_shared and not pair.shared and pair.q_value <= settings.fdr
    return Verdict.UNSEEN if unseen else Verdict.LEAD
