"""How right earlier answers were, and what that makes of the next one.

The weights are learnt once; how far they can be trusted changes, because lists grow and actors come and go. So the
latest reports whose cluster is known are asked about in turn, each seeing only what is older than itself, and the
stated probability is corrected by how often the answers were right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from consilience.attribution.candidates import BANDS, LARGEST, corrected, features, log_odds, score
from consilience.attribution.profiles import UNDATED, KnownReport, Profiles, build_profiles, without_copies
from consilience.inference.calibration import succession
from consilience.inference.logistic import fit_logistic
from consilience.inference.weighing import BoolArray, FloatArray
from consilience.knowledge.indicator_model import Band, Correction, IndicatorModel

SURE: Final = 0.95
SURE_RIGHT: Final = 0.93
"""A band may say 95 % or more only where such answers were right this often."""
BELOW_SURE: Final = 0.94
ASKED: Final = 5
"""How many times the length of the record are asked about, to find enough answers for the rarer bands."""

_SHIFTED: Final = tuple(band for band in BANDS if band != LARGEST)
_SIGNIFICANT: Final = 3
_DECIMALS: Final = 12
"""To which a past answer is kept: how many clusters came later must not move its last digit."""
_DIGEST: Final = 16


class PastAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The leading candidate of an earlier report: its probability before correction, and whether it was right.

    ``day`` is that from which the truth can be known: the last on which the report may have been published.
    """

    day: int
    raw: float
    right: bool
    band: str
    traced: bool


def past_answers(
    reports: Iterable[KnownReport], model: IndicatorModel, earlier: Mapping[bytes, PastAnswer] = MappingProxyType({})
) -> dict[bytes, PastAnswer]:
    """Return the answers to the latest dated reports, the oldest first: :data:`ASKED` times the record.

    A report with no candidate before it has no answer, and a copy was no question. Reports without a date are not seen
    either: they may be later than the one that is asked about.

    The key of an answer is a digest of all that it rests on: the model, the report, and those that were surely older.
    What ``earlier`` has under the same key is not asked again.
    """
    dated = [each for each in without_copies(reports) if each.last != UNDATED]
    dated.sort(key=lambda each: (each.last, each.id))
    asked = dated[-ASKED * model.settings.record :]
    keys = _digests(dated, asked, model)
    profiles = build_profiles(dated if any(key not in earlier for key in keys) else ())
    answers = (earlier.get(key) or _answer(each, profiles, model) for key, each in zip(keys, asked, strict=True))
    return {key: answer for key, answer in zip(keys, answers, strict=True) if answer}


def _answer(asked: KnownReport, profiles: Profiles, model: IndicatorModel) -> PastAnswer | None:
    seen = features(asked.indicators, profiles, asked.first, model.settings)
    scored = score(seen, model)
    if scored.leader < 0:
        return None
    raw = round(float(scored.raw[scored.leader]), _DECIMALS)
    right = profiles.clusters[scored.leader] == asked.cluster
    return PastAnswer(asked.last, raw, right, scored.band, scored.leader in seen.held)


def _digests(dated: Sequence[KnownReport], asked: Sequence[KnownReport], model: IndicatorModel) -> list[bytes]:
    """Return a digest for each of ``asked`` of all that its answer rests on; ``dated`` are in order of last day."""
    encode = msgspec.msgpack.Encoder().encode
    state = blake2b(encode(model), digest_size=_DIGEST)
    older = [state.digest()]
    for each in dated:
        state.update(encode(each))
        older.append(state.digest())
    days = [each.last for each in dated]
    return [
        blake2b(older[bisect_left(days, each.first)] + encode(each), digest_size=_DIGEST).digest() for each in asked
    ]


def with_record(model: IndicatorModel, answers: Sequence[PastAnswer]) -> IndicatorModel:
    """Return the model with correction and bands that follow from answers, pulled towards the model's own.

    ``answers`` are in order of day; of these the latest count, and of each band at least so many (``settings``). A
    band without an answer keeps its own record, and without any answer the model is returned as it is.
    """
    latest = _latest(answers, model.settings.record, model.settings.record_of_band)
    if not latest:
        return model
    prior, before = model.correction, model.band
    centre = [prior.intercept, prior.slope, prior.untraced, prior.untraced_slope]
    centre += [before[name].shift for name in _SHIFTED]
    right = np.array([each.right for each in latest])
    fitted = _fitted(_design(latest), right, np.array(centre), model.settings.strength)
    intercept, slope, untraced, untraced_slope, *shifts = (round(float(each), _SIGNIFICANT) for each in fitted)
    correction = Correction(intercept=intercept, slope=slope, untraced=untraced, untraced_slope=untraced_slope)
    shift_of = dict(zip(_SHIFTED, shifts, strict=True))
    shifted = {name: msgspec.structs.replace(before[name], shift=shift_of.get(name, 0.0)) for name in BANDS}
    fresh = msgspec.structs.replace(model, correction=correction, band=shifted)
    free = {name: msgspec.structs.replace(band, cap=1.0) for name, band in shifted.items()}
    uncapped = msgspec.structs.replace(fresh, band=free)
    stated = np.array([corrected(each.raw, each.band, each.traced, uncapped) for each in latest])
    traced, risk = np.array([each.traced for each in latest]), model.settings.risk
    owns = {name: np.array([each.band == name for each in latest]) for name in BANDS}
    return msgspec.structs.replace(
        fresh,
        band={
            name: _band(shifted[name], stated[own], right[own], traced[own], risk) if own.any() else shifted[name]
            for name, own in owns.items()
        },
    )


def _fitted(design: FloatArray, right: BoolArray, centre: FloatArray, strength: float) -> FloatArray:
    """Return the weights; where a slope would turn the order of answers round, all slopes are 0."""
    found = fit_logistic(design, right, centre, strength)
    if found[1] >= 0.0 and found[1] + found[3] >= 0.0:
        return found
    flat, level = design.copy(), centre.copy()
    flat[:, [1, 3]] = 0.0
    level[[1, 3]] = 0.0
    return fit_logistic(flat, right, level, strength)


def _latest(answers: Sequence[PastAnswer], latest: int, of_band: int) -> list[PastAnswer]:
    """Return the last ``latest`` answers and the last ``of_band`` of each band, in their order."""
    count = dict.fromkeys(BANDS, 0)
    kept = []
    for place, each in enumerate(reversed(answers)):
        if place < latest or count[each.band] < of_band:
            kept.append(each)
        count[each.band] += 1
    return kept[::-1]


def _design(answers: Sequence[PastAnswer]) -> FloatArray:
    rows = []
    for each in answers:
        x, untraced = log_odds(each.raw), float(not each.traced)
        rows.append([1.0, x, untraced, untraced * x, *(float(each.band == name) for name in _SHIFTED)])
    return np.array(rows)


def _band(band: Band, stated: FloatArray, right: BoolArray, traced: BoolArray, risk: float) -> Band:
    """Return a band with the record that its answers make, its cap and the probability from which it answers."""
    sure = stated >= SURE
    start = _answer_from(stated[traced], right[traced], risk)
    answered = traced & (stated >= start)
    return msgspec.structs.replace(
        band,
        cap=1.0 if _expected(right[sure]) >= SURE_RIGHT else BELOW_SURE,
        answer_from=start,
        reports=int(stated.size),
        answers=int(answered.sum()),
        right=int(right[answered].sum()),
        sure=int(sure.sum()),
        sure_right=int(right[sure].sum()),
    )


def _expected(right: BoolArray) -> float:
    """Return the share of answers to expect right: a band without a record is no better than even."""
    return succession(int(right.sum()), int(right.size))


def _answer_from(stated: FloatArray, right: BoolArray, risk: float) -> float:
    """Return the lowest probability from which answers are wrong at most ``risk``, in steps of 0.01 from 0.5.

    Only answers that share a trace come here, for no others give a name. Where none suffices, 1: no name is given.
    """
    for at in range(50, 100):
        if _expected(right[stated >= at / 100]) >= 1.0 - risk:
            return at / 100
    return 1.0
