"""Whose software and techniques are these? ATT&CK 18.1, one cited report left out at a time.

Usage: python bench/accuracy/attack.py [BUNDLE]

A *report* is a source that ATT&CK cites on "group uses software" or "group uses technique", of one group alone; the
question is what it supports. Relations that it alone supports are taken out, of every group and of software; those
that another source supports too stay, so that the rest of an entry was written by people who knew the group: figures
are upper bounds (attribution.md C3, whose rule this is). A group of which nothing is left is no candidate; for the
table of C3 such reports are left out as they are there, and in the calibration "unknown" is the right answer to them.

Three models, each a conditional logit (as ``attribution.candidates``): software, techniques, both. Weights are learnt
on the reports of other groups: five folds by group, and inside each four more, on whose answers the correction of the
leading candidate's probability (Platt 1999) is fitted. "Unknown" is a candidate of its own, learnt from the training
reports with their group hidden. So no report is answered by weights that reports of its own group helped to learn.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attack_reports import Knowledge, Table, asked, read, tabulate
from learn_indicators import minimise

from consilience.inference.calibration import (
    accepted_at,
    accuracy_at,
    auroc,
    brier,
    calibration_error,
    fit_platt,
    logit,
    reliability_curve,
)
from processes import DATA, Row

BUNDLE: Final = DATA / "attack" / "enterprise-attack-18.1.json.xz"
C3: Final = {
    "techniques": {1: 0.207, 5: 0.289, 10: 0.383},
    "software": {1: 0.546, 2: 0.599},
    "both": {1: 0.429, 10: 0.522},
}
OUTER: Final = 5
INNER: Final = 4
RIDGE: Final = 1.0
SURE: Final = 0.95

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Answers(msgspec.Struct, frozen=True):
    """The answers, (N,): the leading group's corrected probability, whether it is right, and that of "unknown".

    ``hidden_*`` are the same with the report's own group taken away.
    """

    stated: FloatArray
    right: BoolArray
    unknown: FloatArray
    hidden_unknown: FloatArray
    hidden_stated: FloatArray


def cosine_only(table: Table, column: int) -> BoolArray:
    """Return whether the candidate of the largest cosine is right: the method of C3, on the same questions."""
    scores = np.where(table.there, table.candidates[:, :, column], -1.0)
    leader = scores.argmax(axis=1)
    return np.asarray((leader == table.truth) & (scores.max(axis=1) > 0))


def probabilities(table: Table, weights: FloatArray) -> FloatArray:
    """Return (N, G + 1) probabilities; who is not there has 0."""
    size, groups, width = table.candidates.shape
    known = (table.candidates.reshape(-1, width) @ weights[:width].astype(np.float32)).reshape(size, groups)
    scores = np.concatenate([known.astype(np.float64), (table.unknown @ weights[width:])[:, None]], axis=1)
    scores[:, :-1][~table.there] = -np.inf
    scores -= scores.max(axis=1, keepdims=True)
    out = np.exp(scores)
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def fit(table: Table) -> FloatArray:
    """Return the weights of least log loss (with ridge) on questions as they are, and with their group hidden."""
    hidden = table.hidden()
    rows = np.arange(table.truth.size)
    flat = table.candidates.reshape(-1, table.candidates.shape[2])

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        value, slope = 0.5 * RIDGE * float(weights @ weights), RIDGE * weights
        for each in (table, hidden):
            p = probabilities(each, weights)
            value -= float(np.log(p[rows, each.truth] + 1e-300).sum())
            p[rows, each.truth] -= 1.0
            own = flat.T @ p[:, :-1].astype(np.float32).ravel()
            slope = slope + np.concatenate([own.astype(np.float64), each.unknown.T @ p[:, -1]])
        return value, slope

    return minimise(loss, np.zeros(flat.shape[1] + table.unknown.shape[1]))


def folds(groups: Sequence[str], count: int, salt: str) -> IntArray:
    """Return the fold of each group, by a digest of its id: the same on every machine."""
    return np.array([int(hashlib.sha256(f"{salt}{group}".encode()).hexdigest()[:8], 16) % count for group in groups])


def answer(table: Table, groups: Sequence[str], own: Sequence[str]) -> Answers:
    """Answer every question with weights and correction from other groups' questions; ``own`` are their groups."""
    place = {group: at for at, group in enumerate(groups)}
    group_of = np.array([place[each] for each in own])
    outer = folds(groups, OUTER, "outer")[group_of]
    inner = folds(groups, INNER, "inner")[group_of]
    size = table.truth.size
    stated, unknown, hidden_unknown, hidden_stated = (np.zeros(size) for _ in range(4))
    right = np.zeros(size, dtype=bool)
    for fold in range(OUTER):
        learn, test = np.flatnonzero(outer != fold), np.flatnonzero(outer == fold)
        correction = _correction(table.part(learn), inner[learn])
        weights = fit(table.part(learn))
        asked = table.part(test)
        stated[test], right[test], unknown[test] = _corrected(probabilities(asked, weights), asked.truth, correction)
        hidden = asked.hidden()
        hidden_stated[test], _, hidden_unknown[test] = _corrected(
            probabilities(hidden, weights), hidden.truth, correction
        )
    return Answers(stated, right, unknown, hidden_unknown, hidden_stated)


def _correction(table: Table, inner: IntArray) -> tuple[float, float]:
    leading, right = [], []
    for fold in range(INNER):
        asked = table.part(inner == fold)
        p = probabilities(asked, fit(table.part(inner != fold)))
        leading += p[:, :-1].max(axis=1).tolist()
        right += (p[:, :-1].argmax(axis=1) == asked.truth).tolist()
    return fit_platt(leading, right)


def _corrected(
    p: FloatArray, truth: IntArray, correction: tuple[float, float]
) -> tuple[FloatArray, BoolArray, FloatArray]:
    leading = p[:, :-1].max(axis=1)
    stated = 1.0 / (1.0 + np.exp(-(correction[0] + correction[1] * logit(leading))))
    unknown = p[:, -1] * (1.0 - stated) / np.maximum(1.0 - leading, 1e-12)
    return stated, np.asarray(p[:, :-1].argmax(axis=1) == truth), np.minimum(unknown, 1.0)


def measured(known: Knowledge, show: Callable[[str], None] | None = None) -> Iterator[Row]:
    """Yield the figures of the three models."""
    right_of: dict[str, dict[str, bool]] = {}
    for kinds, goals in C3.items():
        table = tabulate(known, kinds)
        questions = asked(known, kinds)
        found = answer(table, known.groups, [each.group for each in questions])
        known_here = table.truth < len(known.groups)
        plain = cosine_only(table, 1)
        for least, goal in goals.items():
            kept = known_here & (table.size >= least)
            value = float(found.right[kept].mean())
            figure = f"{value:.3f} of {kept.sum()} reports"
            if kinds != "both":
                figure += f"; rarity-weighted cosine on the same ones {plain[kept].mean():.3f}"
            yield Row(f"{kinds}, {least} or more: first group right", figure, f"≥ {goal} (C3)", value >= goal)
        right_of[kinds] = {each.report: bool(value) for each, value in zip(questions, found.right, strict=True)}
        yield from _calibration_rows(kinds, found)
        yield from _open_rows(kinds, found, known_here)
        if show:
            for each in reliability_curve(found.stated, found.right, 10):
                show(f"{kinds}: stated {each.stated:.3f}, right {each.right:.3f}, {each.count} reports")
    both, software = ([right_of[kinds][each] for each in right_of["software"]] for kinds in ("both", "software"))
    figure = f"{np.mean(both):.3f}, with software alone {np.mean(software):.3f}"
    goal = "both ≥ software"
    yield Row(
        f"both on the {len(both)} reports with software: first group right", figure, goal, sum(both) >= sum(software)
    )


def _calibration_rows(kinds: str, found: Answers) -> Iterator[Row]:
    error = calibration_error(found.stated, found.right)
    excess = calibration_error(found.stated, found.right, debiased=True)
    yield Row(
        f"{kinds}: expected calibration error (15 bins), {found.right.size} reports, “unknown” among the answers",
        f"{error:.3f}, of which {excess:.3f} beyond chance; Brier {brier(found.stated, found.right).score:.3f}",
        "≤ 0.05",
        error <= 0.05,
    )
    sure = found.stated >= SURE
    worth = f"{found.right[sure].sum()} of {sure.sum()} right" if sure.any() else "none made"
    met = bool(found.right[sure].mean() >= 0.93) if sure.any() else None
    yield Row(f"{kinds}: claims of 95 % or more", worth, "≥ 0.93 right", met)
    yield Row(f"{kinds}: surest half right", f"{accuracy_at(found.stated, found.right, 0.5):.3f}", "", None)


def _open_rows(kinds: str, found: Answers, known_here: BoolArray) -> Iterator[Row]:
    inside, outside = 1.0 - found.unknown[known_here], 1.0 - found.hidden_unknown[known_here]
    accepted = accepted_at(inside, outside, 0.95)
    yield Row(
        f"{kinds}: each report's group known against hidden, AUROC",
        f"{auroc(inside, outside):.3f}; hidden accepted where 95 % of known are: {accepted:.3f}",
        "",
        None,
    )
    sure = found.hidden_stated >= SURE
    yield Row(f"{kinds}: claims of 95 % or more about a hidden group", f"{sure.sum()} of {sure.size}", "", None)


def run(bundle: Path = BUNDLE) -> list[Row]:
    """Measure all three models."""
    if not bundle.exists():
        return [Row("ATT&CK, one report left out", "not measured: shared/data/attack is not there", "", None)]
    return list(measured(read(bundle)))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", type=Path, default=BUNDLE, help="STIX bundle of ATT&CK, .json or .json.xz")
    given = parser.parse_args()
    for row in measured(read(given.bundle), print):
        met = "" if row.met is None else "  met" if row.met else "  MISSED"
        print(f"{row.what}\n    {row.figure}  {row.goal}{met}", flush=True)


if __name__ == "__main__":
    main()
