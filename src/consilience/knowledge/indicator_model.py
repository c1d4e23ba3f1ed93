"""The learnt numbers by which a report's indicators are attributed, ``data/indicator_model.toml``, and their origin.

Written by ``python bench/accuracy/indicators.py --learn``; nobody edits a number by hand.
"""

from __future__ import annotations

from importlib import resources

import msgspec


class Learnt(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """Where the numbers come from: data, the digest of the split, which reports, by which script, when."""

    data: str
    split: str
    before: int
    reports: int
    groups: int
    record: str
    script: str
    date: str


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What shapes features and correction; chosen by inner splits in time.

    Half-lives in days weigh a cluster's reports by age; floors (in reports) keep the logarithm of none finite.
    ``pooled`` is how many average reports shrink a cluster's traits. ``largest`` and ``many`` bound the bands;
    ``risk`` is the share of wrong answers that sets where a band begins to answer. The correction rests on the latest
    ``record`` answers and on the latest ``record_of_band`` of each band, and is pulled towards the model's with a
    precision of ``strength``.
    """

    half_life_short: float
    half_life_long: float
    floor_short: float
    floor_long: float
    pooled: float
    largest: int
    many: int
    risk: float
    record: int
    record_of_band: int
    strength: float


class Correction(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """From the probability that the weights give to the leading candidate to the one that is stated, in log odds.

    ``intercept + slope·x + shift`` of the band; ``untraced + untraced-slope·x`` is added where the candidate shares no
    trace with the report.
    """

    intercept: float
    slope: float
    untraced: float
    untraced_slope: float


class Band(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The record of a band of leading candidates, and what follows from it.

    What is stated is at most ``cap``; below ``answer_from`` no name is given. ``reports`` of the record had such a
    leading candidate. Of those that shared a trace with it, ``answers`` were at ``answer_from`` or above, ``right`` of
    them right. At 95 % or above were ``sure``, ``sure_right`` of them right (before the cap).
    """

    shift: float
    cap: float
    answer_from: float
    reports: int
    answers: int
    right: int
    sure: int
    sure_right: int


class IndicatorModel(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """``indicator_model.toml`` as read. ``candidate`` and ``unknown`` give decibans for one unit of each feature."""

    learnt: Learnt
    settings: Settings
    candidate: dict[str, float]
    unknown: dict[str, float]
    correction: Correction
    band: dict[str, Band]


def read_indicator_model() -> IndicatorModel:
    """Return the shipped model."""
    data = (resources.files("consilience.knowledge") / "data" / "indicator_model.toml").read_bytes()
    return msgspec.toml.decode(data, type=IndicatorModel)
