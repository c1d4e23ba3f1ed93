"""Learn ``indicator_model.toml`` from the learning part of a split; the test part is never looked at.

Weights: maximum likelihood of a conditional logit with a small ridge, each report seeing only earlier ones.
Calibration: the last half-years of the learning part are asked about in turn, each with weights that were fitted on all
other reports; what a report can see stays what is older than itself. These answers are the shipped record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consilience.attribution.candidates import BANDS, CANDIDATE, TRACES, UNKNOWN, band_of, features
from consilience.attribution.profiles import Profiles
from consilience.attribution.traces import KINDS, Indicators
from consilience.attribution.track_record import PastAnswer, with_record
from consilience.inference.weighing import DECIBANS
from consilience.knowledge.indicator_model import Band, Correction, IndicatorModel, Learnt, Settings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Days = tuple[int, int]

SETTINGS: Final = Settings(
    half_life_short=30.0,
    half_life_long=730.0,
    floor_short=0.1,
    floor_long=0.3,
    pooled=10.0,
    largest=5,
    many=10,
    risk=0.2,
    record=200,
    record_of_band=100,
    strength=5.0,
)
RIDGE: Final = 1.0
RECORD: Final = 4
"""Half-years before the test that make the record: the latest, because the lists grew and reports became surer."""
_SIGNIFICANT: Final = 3


class Question(msgspec.Struct, frozen=True):
    """A report to attribute: what it holds, its day, the number of its group, and the day on which that is known."""

    indicators: Indicators
    day: int
    group: int
    last: int


class Table(msgspec.Struct, frozen=True):
    """Features of N reports: candidates (N, G, F), unknown (N, U), who was there (N, G) by reports, truth (N,).

    The truth is column G ("unknown") where the group had no report yet. ``days`` (N,) are the reports' own.
    """

    candidates: NDArray[np.float32]
    unknown: FloatArray
    reports: IntArray
    truth: IntArray
    days: IntArray

    def part(self, keep: NDArray[np.bool_]) -> Table:
        """Return the reports that ``keep`` marks."""
        return Table(self.candidates[keep], self.unknown[keep], self.reports[keep], self.truth[keep], self.days[keep])


def tabulate(questions: Sequence[Question], profiles: Profiles, settings: Settings) -> Table:
    """Return the features of all questions, each as of its own day."""
    seen = [features(each.indicators, profiles, each.day, settings) for each in questions]
    reports = np.array([each.activity.reports for each in seen])
    group = np.array([each.group for each in questions])
    known = reports[np.arange(len(questions)), group] > 0
    return Table(
        np.array([each.candidates for each in seen], dtype=np.float32),
        np.array([each.unknown for each in seen]),
        reports,
        np.where(known, group, len(profiles.clusters)),
        np.array([each.day for each in questions]),
    )


def probabilities(table: Table, weights: FloatArray, *, floor: bool = False) -> FloatArray:
    """Return (N, G + 1) probabilities; weights in nats, candidates' first.

    With ``floor`` traces never speak against a candidate, as in the product; without, the loss is convex.
    """
    size, groups, width = table.candidates.shape
    own = weights[:width].astype(np.float32)
    if floor:
        traces = (table.candidates[:, :, TRACES] @ own[TRACES]).clip(min=0.0)
        known = table.candidates[:, :, : TRACES.start] @ own[: TRACES.start] + traces
    else:
        known = (table.candidates.reshape(-1, width) @ own).reshape(size, groups)
    scores = np.concatenate([known.astype(np.float64), (table.unknown @ weights[width:])[:, None]], axis=1)
    scores[:, :-1][table.reports == 0] = -np.inf
    scores -= scores.max(axis=1, keepdims=True)
    out = np.exp(scores)
    return np.asarray(out / out.sum(axis=1, keepdims=True), dtype=np.float64)


def fit(table: Table, ridge: float = RIDGE) -> FloatArray:
    """Return the weights, in nats, that lose least: log loss plus ridge/2 times their squares."""
    rows = np.arange(table.truth.size)
    flat = table.candidates.reshape(-1, table.candidates.shape[2])

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        p = probabilities(table, weights)
        value = -float(np.log(p[rows, table.truth] + 1e-300).sum())
        p[rows, table.truth] -= 1.0
        slope = np.concatenate([flat.T @ p[:, :-1].astype(np.float32).ravel(), table.unknown.T @ p[:, -1]])
        return value + 0.5 * ridge * float(weights @ weights), slope + ridge * weights

    return minimise(loss, np.zeros(len(CANDIDATE) + len(UNKNOWN)))


def minimise(
    function: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray, steps: int = 300
) -> FloatArray:
    """Return the minimum of a smooth convex function that yields value and slope (L-BFGS; Nocedal 1980)."""
    at = start
    value, slope = function(at)
    past: list[tuple[FloatArray, FloatArray]] = []
    for _ in range(steps):
        step = -_inverse_curvature(slope, past)
        size = 1.0
        while True:
            found, there = function(at + size * step)
            if found <= value + 1e-4 * size * float(slope @ step) or size < 1e-8:
                break
            size /= 2.0
        moved, turned = size * step, there - slope
        if float(moved @ turned) > 1e-12:
            past = [*past[-9:], (moved, turned)]
        at = at + moved
        done = abs(value - found) < 1e-7 * max(1.0, abs(value))
        value, slope = found, there
        if done:
            break
    return at


def _inverse_curvature(slope: FloatArray, past: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    q = slope.copy()
    if not past:
        return q / max(1.0, float(np.linalg.norm(q)))
    kept = []
    for moved, turned in reversed(past):
        share = float(moved @ q) / float(moved @ turned)
        kept.append(share)
        q -= share * turned
    moved, turned = past[-1]
    q *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), share in zip(past, reversed(kept), strict=True):
        q += (share - float(turned @ q) / float(moved @ turned)) * moved
    return q


def half_years(before: int, count: int = RECORD) -> tuple[Days, ...]:
    """Return the last ``count`` half-years before a year: first day and the day after the last, as ordinals."""
    opens = [date(before - 1 - at // 2, 1 if at % 2 else 7, 1) for at in range(count)]
    closes = [date(before, 1, 1), *opens]
    return tuple(
        (start.toordinal(), end.toordinal()) for start, end in reversed(list(zip(opens, closes, strict=False)))
    )


def inner_answers(table: Table, spans: Sequence[Days], settings: Settings) -> list[PastAnswer]:
    """Return the answers of all spans, each given by weights that were fitted on the reports of all other days."""
    found = []
    for opens, closes in spans:
        inside = (table.days >= opens) & (table.days < closes)
        if inside.any() and not inside.all():
            asked = table.part(inside)
            found += answers_of(probabilities(asked, fit(table.part(~inside)), floor=True), asked, settings)
    return found


def answers_of(p: FloatArray, table: Table, settings: Settings) -> list[PastAnswer]:
    """Return the leading candidates of some probabilities, (N, G + 1), as a record."""
    lead = p[:, :-1].argmax(axis=1)
    found = []
    for at, leader in enumerate(lead.tolist()):
        if table.reports[at].any():
            found.append(
                PastAnswer(
                    int(table.days[at]),
                    float(p[at, leader]),
                    bool(leader == table.truth[at]),
                    band_of(leader, table.reports[at], settings),
                    bool(table.candidates[at, leader, TRACES.start : TRACES.start + len(KINDS)].any()),
                )
            )
    return found


def learn(table: Table, learnt: Learnt, settings: Settings = SETTINGS) -> IndicatorModel:
    """Return the model of a learning part."""
    answers = inner_answers(table, half_years(learnt.before), settings)
    weights = DECIBANS * fit(table)
    plain = IndicatorModel(
        learnt=learnt,
        settings=msgspec.structs.replace(settings, record=max(1, len(answers))),
        candidate={name: _short(value) for name, value in zip(CANDIDATE, weights, strict=False)},
        unknown={name: _short(value) for name, value in zip(UNKNOWN, weights[len(CANDIDATE) :], strict=True)},
        correction=Correction(intercept=0.0, slope=1.0, untraced=0.0, untraced_slope=0.0),
        band=dict.fromkeys(
            BANDS, Band(shift=0.0, cap=1.0, answer_from=0.0, reports=0, answers=0, right=0, sure=0, sure_right=0)
        ),
    )
    return msgspec.structs.replace(with_record(plain, answers), settings=settings)


def _short(value: float) -> float:
    return round(float(value), _SIGNIFICANT)
