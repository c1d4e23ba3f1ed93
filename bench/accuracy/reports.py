"""Whose report is this text? The report texts in nested cross-validation, raw and with names masked, beside baselines.

Usage: python bench/accuracy/reports.py [TEXTS] [--seeds 3] [--variant masked] [--curves]

TEXTS is an archive or a folder with one folder of ``.txt`` per actor; by default that of shared/data. Outer: 5 folds,
stratified, near-copies together, for each seed. Inner: 10 folds of the learning part alone give the temperature and
choose among :data:`GRID` by log loss. Probabilities are conditional on the actor being one of those learnt; what an
unknown actor's report gets is in open_set.py.

ECE has 15 bins and pools the seeds; beside it stands what is left when the part that chance alone makes is taken off
(``debiased``: with few texts that part is most of it), and the mean of the seeds one by one. Intervals are percentile
bootstrap over groups of near-copies, 90 %.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import report_baselines as baselines
from masking import MASKED, ORDINARY, PACKED, RAW, VARIANTS, Texts, packaged_knowledge, read_texts
from numpy.typing import NDArray

from consilience.attribution.text_similarity import (
    SettledReport,
    TextProfiles,
    TextSettings,
    build_text_profiles,
    rank_text,
    score_text,
)
from consilience.extract.without_names import hidden_names, without_names
from consilience.inference.calibration import Interval, bootstrap, calibration_error, reliability_curve
from consilience.inference.kernel_ridge import stratified_folds
from consilience.knowledge.sources import known_sources
from processes import Row

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

OURS: Final = "Consilience"
FOLDS: Final = 5
GRID: Final = tuple(
    TextSettings(rarity_power=power, ridge=ridge, least_reports=1)
    for power, ridge in product((1.0, 1.5), (0.1, 0.3, 1.0))
)
"""The settings that the inner folds choose from. One settled report is enough here, so that no actor drops out."""
MANY: Final = 10
GOAL_ACCURACY: Final = 0.78
GOAL_ERROR: Final = 0.05


class Outcome(msgspec.Struct, frozen=True):
    """N forecasts of one method over all seeds: scores and probabilities (N, K), truth, report and seed of each."""

    scores: FloatArray
    stated: FloatArray | None
    truth: IntArray
    report: IntArray
    seed: IntArray


class Figures(msgspec.Struct, frozen=True):
    """What one method did; the calibration figures are NaN where it states no probability."""

    accuracy: Interval
    macro_f1: float
    top3: float
    error: float
    debiased: float
    per_seed: float
    brier: float


def outer_folds(texts: Texts, seeds: int) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Yield seed, learning part and test part; near-copies are on one side."""
    column = columns(texts)
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(column.size).tolist()
        fold = stratified_folds(column.tolist(), texts.copies, FOLDS, order)
        for each in range(FOLDS):
            yield seed, np.flatnonzero(fold != each), np.flatnonzero(fold == each)


def columns(texts: Texts) -> IntArray:
    """Return the number of each report's actor, in order of name."""
    actors = sorted(set(texts.actors))
    return np.array([actors.index(each) for each in texts.actors], dtype=np.int64)


def chosen_profiles(texts: Texts, variant: str, learn: IntArray) -> TextProfiles:
    """Return the profiles of the learning part with the settings of the grid that its own inner folds like best."""
    settled = [SettledReport(texts.names[at], texts.actors[at], texts.texts[variant][at]) for at in learn.tolist()]
    built = (build_text_profiles(settled, settings) for settings in GRID)
    found = [each for each in built if each is not None]
    if not found:
        raise ValueError(f"{len(settled)} reports of {len({each.cluster for each in settled})} actors are too few")
    return min(found, key=lambda each: each.loss)


def _ours(texts: Texts, variant: str, learn: IntArray, test: IntArray) -> baselines.Said:
    profiles = chosen_profiles(texts, variant, learn)
    actors = sorted(set(texts.actors))
    place = [actors.index(each) for each in profiles.clusters]
    scores, stated = np.full((test.size, len(actors)), -2.0), np.zeros((test.size, len(actors)))
    for row, at in enumerate(test.tolist()):
        found = score_text(texts.texts[variant][at], profiles)
        scores[row, place], stated[row, place] = found.scores, found.among_known
    return baselines.Said(scores, stated)


Method = Callable[[IntArray, IntArray], baselines.Said]


def methods(texts: Texts, variant: str) -> dict[str, Method]:
    """Return every method as a function of learning and test part."""
    column, size = columns(texts), len(set(texts.actors))
    own = texts.texts[variant]
    with packaged_knowledge() as knowledge:
        names = baselines.alias_names(sorted(set(texts.actors)), knowledge)
    counts = baselines.alias_counts(own, names, size)

    def part(at: IntArray) -> list[str]:
        return [own[each] for each in at.tolist()]

    def svm(learn: IntArray, test: IntArray) -> baselines.Said:
        copies = [texts.copies[at] for at in learn.tolist()]
        inner = stratified_folds(column[learn].tolist(), copies, FOLDS, range(learn.size))
        return baselines.linear_svm(part(learn), column[learn], inner, part(test), size)

    def aliases(learn: IntArray, test: IntArray) -> baselines.Said:
        return baselines.Said(counts[test] + np.bincount(column[learn], minlength=size) / (learn.size + 1.0))

    out: dict[str, Method] = {
        baselines.MAJORITY: lambda learn, test: baselines.majority(column[learn], size, test.size),
        baselines.ALIASES: aliases,
        baselines.COSINE: lambda learn, test: baselines.cosine(part(learn), column[learn], part(test), size),
        baselines.BAYES: lambda learn, test: baselines.naive_bayes(part(learn), column[learn], part(test), size),
    }
    if baselines.HAS_SVM:
        out[baselines.SVM] = svm
    return out | {OURS: lambda learn, test: _ours(texts, variant, learn, test)}


def outcome(texts: Texts, method: Method, seeds: int) -> Outcome:
    """Return a method's forecasts of every report in every seed."""
    column = columns(texts)
    parts = [(seed, test, method(learn, test)) for seed, learn, test in outer_folds(texts, seeds)]
    stated = [said.stated for _, _, said in parts if said.stated is not None]
    report = np.concatenate([test for _, test, _ in parts])
    return Outcome(
        scores=np.concatenate([said.scores for _, _, said in parts]),
        stated=np.concatenate(stated) if stated else None,
        truth=column[report],
        report=report,
        seed=np.concatenate([np.full(test.size, seed) for seed, test, _ in parts]),
    )


def figures(found: Outcome, copies: Sequence[int]) -> Figures:
    """Return the figures of a method's forecasts."""
    leader = found.scores.argmax(axis=1)
    right = leader == found.truth
    error = debiased = per_seed = brier = float("nan")
    if found.stated is not None:
        p = found.stated.max(axis=1)
        hit = found.stated.argmax(axis=1) == found.truth
        error, debiased = calibration_error(p, hit), calibration_error(p, hit, debiased=True)
        seeds = np.unique(found.seed)
        per_seed = float(np.mean([calibration_error(p[found.seed == each], hit[found.seed == each]) for each in seeds]))
        truth = np.eye(found.scores.shape[1])[found.truth]
        brier = float(((found.stated - truth) ** 2).sum(axis=1).mean())
    top3 = (np.argsort(-found.scores, axis=1)[:, :3] == found.truth[:, None]).any(axis=1)
    return Figures(
        accuracy=accuracy(right, found.report, copies),
        macro_f1=macro_f1(leader, found.truth),
        top3=float(top3.mean()),
        error=error,
        debiased=debiased,
        per_seed=per_seed,
        brier=brier,
    )


def accuracy(right: NDArray[np.bool_], report: IntArray, copies: Sequence[int]) -> Interval:
    """Return the share of right answers; groups of near-copies are resampled as one."""
    group = np.asarray(copies)[report]
    names = np.unique(group)
    hits = np.array([right[group == each].sum() for each in names])
    asked = np.array([(group == each).sum() for each in names])
    return bootstrap(lambda drawn: float(hits[drawn].sum() / asked[drawn].sum()), names.size, seed=0)


def macro_f1(leader: IntArray, truth: IntArray) -> float:
    """Return the mean over actors of the harmonic mean of precision and recall."""
    each = []
    for actor in np.unique(truth):
        both = float(((leader == actor) & (truth == actor)).sum())
        each.append(2.0 * both / float((leader == actor).sum() + (truth == actor).sum()))
    return float(np.mean(each))


def _row(variant: str, name: str, found: Figures) -> Row:
    sure = "" if np.isnan(found.error) else (
        f"; ECE {found.error:.3f} (debiased {found.debiased:.3f}, seed by seed {found.per_seed:.3f}), "
        f"Brier {found.brier:.3f}"
    )  # fmt: skip
    spread = f"[{found.accuracy.low:.2f}, {found.accuracy.high:.2f}]"
    figure = (
        f"accuracy {found.accuracy.value:.3f} {spread}, macro-F1 {found.macro_f1:.3f}, top-3 {found.top3:.3f}{sure}"
    )
    if name != OURS or variant == ORDINARY:
        return Row(f"Report texts, {variant}: {name}", figure, "", None)
    calibrated = found.error <= GOAL_ERROR
    if variant == RAW:
        return Row(f"Report texts, {variant}: {name}", figure, f"ECE <= {GOAL_ERROR}", calibrated)
    goal = f"accuracy >= {GOAL_ACCURACY}, ECE <= {GOAL_ERROR}"
    return Row(f"Report texts, {variant}: {name}", figure, goal, calibrated and found.accuracy.value >= GOAL_ACCURACY)


def _by_size(variant: str, found: Outcome) -> Row:
    """Return the accuracy on reports of actors with ten reports or more, and of the others."""
    right = found.scores.argmax(axis=1) == found.truth
    many = np.bincount(found.truth)[found.truth] >= MANY * np.unique(found.seed).size
    each = [f"{right[part].mean():.3f}" if part.any() else "none" for part in (many, ~many)]
    figure = f"accuracy {each[0]} on actors with {MANY} reports or more, {each[1]} on the others"
    return Row(f"Report texts, {variant}: {OURS} by number of reports", figure, "", None)


def speed(texts: Texts, times: int = 1_000) -> Row:
    """Time masking and ranking of a report after start, in processor time."""
    with packaged_knowledge() as knowledge:
        names = hidden_names(knowledge.gazetteer(), known_sources())
    settled = [SettledReport(*each) for each in zip(texts.names, texts.actors, texts.texts[MASKED], strict=True)]
    before = time.process_time()
    profiles = build_text_profiles(settled)
    built = time.process_time() - before
    before = time.process_time()
    for at in range(times):
        rank_text(without_names(texts.texts[RAW][at % len(settled)], names).text, profiles)
    each = (time.process_time() - before) / times
    figure = f"{each * 1e3:.0f} ms a report, {each * 1e3:.0f} s for 1,000; profiles of {len(settled)}: {built:.1f} s"
    return Row("Report texts: mask and rank, processor time", figure, "< 200 ms, < 60 s", each < 0.06)


def measured(packed: Path, seeds: int, variants: Sequence[str], curves: bool) -> Iterator[Row]:
    """Yield the figures as rows."""
    texts = read_texts(packed)
    for variant in variants:
        if variant in texts.hidden:
            names = ", ".join(f"{count} {class_}" for class_, count in texts.classes[variant].items() if count)
            figure = f"{texts.hidden[variant]:,} of {texts.words:,} words masked (names: {names})"
            yield Row(f"Report texts, {variant}", figure, "", None)
        for name, method in methods(texts, variant).items():
            found = outcome(texts, method, seeds)
            yield _row(variant, name, figures(found, texts.copies))
            if name == OURS:
                yield _by_size(variant, found)
            if curves and found.stated is not None and name == OURS:
                hit = found.stated.argmax(axis=1) == found.truth
                for each in reliability_curve(found.stated.max(axis=1), hit):
                    print(f"{variant}: {each.count} stated {each.stated:.3f} right {each.right:.3f}")
    if not baselines.HAS_SVM:
        yield Row("Report texts: linear SVM", "not measured: scikit-learn is not installed", "", None)
    yield speed(texts)


def run(packed: Path = PACKED, seeds: int = 3, variants: Sequence[str] = VARIANTS, curves: bool = False) -> list[Row]:
    """Return the figures as rows."""
    if not packed.exists():
        return [Row("Report texts", "not measured: shared/data/reports is not there", "", None)]
    return list(measured(packed, seeds, variants, curves))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="?", default=PACKED)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variant", choices=VARIANTS, action="append")
    parser.add_argument("--curves", action="store_true", help="print the reliability curves")
    given = parser.parse_args()
    for row in measured(given.texts, given.seeds, given.variant or VARIANTS, given.curves):
        print(
            f"{row.what}: {row.figure}" + (f" (goal {row.goal}: {'met' if row.met else 'missed'})" if row.goal else "")
        )


if __name__ == "__main__":
    main()
