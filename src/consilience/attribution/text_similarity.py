"""Whose report does this text read like? A text and settled reports in, a calibrated distribution over clusters out.

"Unknown", an actor without a settled report, is always one of the answers. What counts is what a text says beside the
names: the caller takes these out first (``extract.without_names``), because a name in a text is its writer's claim and
no evidence of its own. What remains is partly the language of a vendor and the matter of a year, so that a likeness is
a lead to check and weighs no more than that.

The method is short. A text is its words, each with the square root of its count times a rarity among the settled
reports, log((N + 1) / reports with it) to a power; the likeness of two texts is the cosine of these. What a settled
report shares with no other (a list of hashes) does not lengthen it. Ridge classification over centred likenesses
scores each cluster (``inference.kernel_ridge``). The settled reports themselves, each scored as if its fold were not
settled, give the temperature that turns scores into probabilities, the line that corrects the leading one (Platt 1999),
the most that is ever stated (Laplace's rule of succession over the surest of these answers), and, scored as if their
whole cluster were not settled, the score that an unknown actor's report gets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from consilience.attribution.near_copies import near_copies
from consilience.attribution.word_rows import Row, WordRows, word_rows
from consilience.inference.calibration import fit_platt, fit_temperature, logit, succession
from consilience.inference.kernel_ridge import (
    RidgeClassifier,
    fit_ridge,
    held_out_scores,
    ridge_scores,
    stranger_scores,
    stratified_folds,
)
from consilience.inference.logistic import fit_logistic
from consilience.inference.weighing import FloatArray, IntArray


class SettledReport(msgspec.Struct, frozen=True):
    """A report whose cluster is settled; ``text`` is compared as it is given."""

    id: str
    cluster: str
    text: str


class TextSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the comparison rests on. Defaults were chosen on the 144 reports of bench/accuracy/reports.py."""

    rarity_power: float = 1.5
    ridge: float = 0.1
    balance: float = 0.5
    folds: int = 10
    unknown_prior: float = 0.3
    """Share of reports that are an unknown actor's, before the text is read (attribution.md E8)."""
    answer_from: float = 0.5
    """Below this probability no name is given: it would more often be wrong than right."""
    surest: int = 50
    """How many of the surest held-out answers say what may be stated at most."""
    least_words: int = 50
    """Distinct words in common with the settled reports, below which a text is too short to compare."""
    least_reports: int = 5
    """Settled reports that a cluster needs to be compared with; independent ones, near-copies count once."""
    least_clusters: int = 3


class LikeReport(msgspec.Struct, frozen=True):
    """A settled report and its likeness to the text, the cosine between 0 and 1."""

    id: str
    cluster: str
    likeness: float


class TextCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with its probability, the number of its settled reports, and the words that speak for it most."""

    cluster: str
    posterior: float
    reports: int
    words: tuple[str, ...]


class TextRanking(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates from the most to the least probable, with "unknown"'s own probability, and the most alike reports.

    ``rest`` is the probability of the clusters that are not listed. ``abstains`` where no name should be given;
    ``reasons`` are codes: ``no-profiles`` (too few settled reports), ``too-short``, ``unknown-leads``,
    ``below-threshold``.
    """

    candidates: tuple[TextCandidate, ...]
    alike: tuple[LikeReport, ...]
    unknown: float
    rest: float
    abstains: bool
    reasons: tuple[str, ...]


class TextProfiles(msgspec.Struct, frozen=True, kw_only=True):
    """What settled reports say of each cluster; made by :func:`build_text_profiles`, read by :func:`rank_text`.

    ``temperature``, ``correction`` (intercept and slope of the leading candidate's log odds), ``cap`` (the most that is
    stated among known clusters) and ``known`` (intercept and slope of the log odds that a best score is a known
    cluster's) make scores into probabilities. From the settled
    reports, each held out: ``loss`` is the mean negative log likelihood in nats, ``record`` how many would be given a
    name and how many of these names are right.
    """

    reports: tuple[SettledReport, ...]
    clusters: tuple[str, ...]
    column: IntArray
    rows: WordRows
    model: RidgeClassifier
    temperature: float
    correction: tuple[float, float]
    cap: float
    known: tuple[float, float]
    loss: float
    record: tuple[int, int]
    settings: TextSettings


_NO_SETTINGS: Final = TextSettings()
_NEXT_TO_NOTHING: Final = 1e-12


def build_text_profiles(
    reports: Iterable[SettledReport], settings: TextSettings = _NO_SETTINGS, copies: Mapping[str, int] | None = None
) -> TextProfiles | None:
    """Return the profiles of all clusters with enough settled reports, or ``None`` where too few clusters have them.

    ``copies`` gives the group of near-copies that each report, by its id, is in; where it is missing, it is found here.
    """
    enough = _with_enough(sorted(reports, key=lambda each: (each.cluster, each.id)), settings, copies)
    clusters = tuple(dict.fromkeys(each.cluster for each, _ in enough))
    if len(clusters) < settings.least_clusters:
        return None
    kept, groups = tuple(each for each, _ in enough), [group for _, group in enough]
    column = np.array([clusters.index(each.cluster) for each in kept], dtype=np.int64)
    rows = word_rows([each.text for each in kept], settings.rarity_power)
    gram = rows.gram()
    fold = stratified_folds(column.tolist(), groups, settings.folds, range(len(kept)))
    scores = held_out_scores(gram, column, fold, len(clusters), ridge=settings.ridge, balance=settings.balance)
    temperature = fit_temperature(scores, column)
    strangers = stranger_scores(gram, column, ridge=settings.ridge, balance=settings.balance)
    known = _known(scores.max(axis=1), strangers, settings.unknown_prior)
    softened = _softmax(scores / temperature)
    correction = fit_platt(softened.max(axis=1), softened.argmax(axis=1) == column)
    free = _corrected(softened, correction)
    cap = _cap(free, column, settings.surest)
    among_known = _capped(free, cap)
    return TextProfiles(
        reports=kept,
        clusters=clusters,
        column=column,
        rows=rows,
        model=fit_ridge(gram, column, len(clusters), ridge=settings.ridge, balance=settings.balance),
        temperature=temperature,
        correction=correction,
        cap=cap,
        known=known,
        loss=float(-np.log(np.maximum(among_known[np.arange(column.size), column], 1e-12)).mean()),
        record=_record(scores, among_known, column, known, settings.answer_from),
        settings=settings,
    )


def _with_enough(
    reports: Sequence[SettledReport], settings: TextSettings, copies: Mapping[str, int] | None
) -> list[tuple[SettledReport, int]]:
    if copies is None:
        groups = near_copies([each.text for each in reports]).tolist()
    else:
        groups = [copies[each.id] for each in reports]
    independent: dict[str, set[int]] = {}
    for each, group in zip(reports, groups, strict=True):
        independent.setdefault(each.cluster, set()).add(group)
    return [
        (each, group)
        for each, group in zip(reports, groups, strict=True)
        if len(independent[each.cluster]) >= settings.least_reports
    ]


def _softmax(scores: FloatArray) -> FloatArray:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float64)


def _corrected(among_known: FloatArray, correction: tuple[float, float]) -> FloatArray:
    """Return probabilities (..., K) with the leading one corrected; the others get the rest, by share.

    The leading candidate stays first: where the line says less of it, it is a hair ahead of the second.
    """
    leads = np.arange(among_known.shape[-1]) == among_known.argmax(axis=-1)[..., None]
    # A row that is sure to the last digit leaves nothing to share out by: then all others get the same.
    others = np.where(leads, 0.0, among_known + _NEXT_TO_NOTHING)
    others = others / others.sum(axis=-1, keepdims=True)
    second = others.max(axis=-1, keepdims=True)
    odds = logit(among_known.max(axis=-1, keepdims=True))
    stated = 1.0 / (1.0 + np.exp(-(correction[0] + correction[1] * odds)))
    stated = np.maximum(stated, second / (1.0 + second) + _NEXT_TO_NOTHING)
    return np.asarray(np.where(leads, stated, others * (1.0 - stated)), dtype=np.float64)


def _known(inside: FloatArray, outside: FloatArray, unknown_prior: float) -> tuple[float, float]:
    """Return intercept and slope in nats, with the prior odds of the sample exchanged for the stated ones."""
    best = np.concatenate([inside, outside])
    design = np.stack([np.ones_like(best), best], axis=1)
    right = np.repeat([1.0, 0.0], [inside.size, outside.size])
    intercept, slope = fit_logistic(design, right, (0.0, 0.0), 0.1)
    stated = math.log((1.0 - unknown_prior) / unknown_prior)
    if slope <= 0.0:  # a better score cannot speak against: then scores say nothing, and the prior stays
        return stated, 0.0
    return float(intercept) + stated - math.log(inside.size / outside.size), float(slope)


def _cap(among_known: FloatArray, column: IntArray, surest: int) -> float:
    """Return what the surest answers to held-out reports allow to state; never less than an even chance."""
    first = np.argsort(-among_known.max(axis=1), kind="stable")[:surest]
    return max(0.5, succession(int((among_known[first].argmax(axis=1) == column[first]).sum()), first.size))


def _capped(among_known: FloatArray, cap: float) -> FloatArray:
    """Return probabilities (..., K) of which none is above ``cap``; the others of the row get the rest, by share."""
    top = among_known.max(axis=-1, keepdims=True)
    others = np.where(among_known == top, 0.0, among_known + _NEXT_TO_NOTHING)
    held = np.where(among_known == top, cap, others * ((1.0 - cap) / others.sum(axis=-1, keepdims=True)))
    return np.asarray(np.where(top > cap, held, among_known), dtype=np.float64)


def _is_known(best: FloatArray, known: tuple[float, float]) -> FloatArray:
    """Return the probability that a report with such a best score is a known cluster's."""
    return np.asarray(1.0 / (1.0 + np.exp(-(known[0] + known[1] * best))), dtype=np.float64)


def _record(
    scores: FloatArray, among_known: FloatArray, column: IntArray, known: tuple[float, float], answer_from: float
) -> tuple[int, int]:
    probability = _is_known(scores.max(axis=1), known)
    leader = among_known.max(axis=1) * probability
    named = (leader >= answer_from) & (leader > 1.0 - probability)
    return int(named.sum()), int((named & (among_known.argmax(axis=1) == column)).sum())


class TextScore(msgspec.Struct, frozen=True):
    """A text against profiles: ``scores`` and probabilities ``among_known`` (clusters,), and that it is a known's."""

    row: Row
    likeness: FloatArray
    scores: FloatArray
    among_known: FloatArray
    known: float


def score_text(text: str, profiles: TextProfiles) -> TextScore:
    """Return the scores of a text, and the probabilities that follow; a text without a known word is like none.

    ``among_known`` sums to 1: it is conditional on a known cluster. The unconditional one is this times ``known``.
    """
    row = profiles.rows.row(text)
    likeness = profiles.rows.likeness(row)
    scores = ridge_scores(profiles.model, likeness[None, :])[0]
    known = float(_is_known(scores.max(), profiles.known))
    among_known = _corrected(_softmax(scores / profiles.temperature), profiles.correction)
    return TextScore(row, likeness, scores, _capped(among_known, profiles.cap), known)


def rank_text(
    text: str, profiles: TextProfiles | None, *, most: int = 10, words: int = 8, alike: int = 3
) -> TextRanking:
    """Rank the clusters by how much a text reads like their settled reports.

    At most ``most`` candidates, ``words`` words for each and ``alike`` settled reports are listed. Nothing here raises
    on odd text: too few profiles, or a text with too few known words, give an abstention.
    """
    if profiles is None:
        return _nothing("no-profiles")
    found = score_text(text, profiles)
    if found.row[0].size < profiles.settings.least_words:
        return _nothing("too-short")
    stated = found.among_known * found.known
    order = [int(at) for at in np.argsort(-stated, kind="stable")[:most]]
    leader, unknown = float(stated[order[0]]), 1.0 - found.known
    reasons = []
    if unknown >= leader:
        reasons.append("unknown-leads")
    if leader < profiles.settings.answer_from:
        reasons.append("below-threshold")
    nearest = [int(at) for at in np.argsort(-found.likeness, kind="stable")[:alike]]
    return TextRanking(
        candidates=tuple(_candidate(at, float(stated[at]), found, profiles, words) for at in order),
        alike=tuple(
            LikeReport(profiles.reports[at].id, profiles.reports[at].cluster, round(float(found.likeness[at]), 3))
            for at in nearest
        ),
        unknown=round(unknown, 4),
        rest=round(max(0.0, found.known - float(stated[order].sum())), 4),
        abstains=bool(reasons),
        reasons=tuple(reasons),
    )


def _nothing(reason: str) -> TextRanking:
    return TextRanking(candidates=(), alike=(), unknown=1.0, rest=0.0, abstains=True, reasons=(reason,))


def _candidate(at: int, posterior: float, found: TextScore, profiles: TextProfiles, most: int) -> TextCandidate:
    return TextCandidate(
        cluster=profiles.clusters[at],
        posterior=round(posterior, 4),
        reports=int((profiles.column == at).sum()),
        words=_speaking(at, found, profiles, most),
    )


def _speaking(at: int, found: TextScore, profiles: TextProfiles, most: int) -> tuple[str, ...]:
    """Return the words that raise a cluster's score most: their weight here times that in the settled reports."""
    rows = profiles.rows
    weights = rows.values * profiles.model.dual[rows.owners, at]
    put = np.bincount(rows.words, weights=weights, minlength=len(rows.vocabulary))
    gain = put[found.row[0]] * found.row[1]
    best = [int(place) for place in np.argsort(-gain, kind="stable")[:most] if gain[place] > 0.0]
    return tuple(rows.vocabulary[int(found.row[0][place])] for place in best)
