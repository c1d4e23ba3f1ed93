"""Is a report of an actor without settled reports seen as an unknown's? Each actor is left out in turn.

Usage: python bench/accuracy/open_set.py [TEXTS] [--variant masked]

TEXTS as in reports.py. With an actor left out, the others' reports are tested in 5 folds (near-copies together), and
each fold's profiles are asked about all reports of the left-out actor too; what is a near-copy of one of these is in no
profile. The score is the stated probability that the report is a known actor's; beside it stands the likeness of the
nearest settled report. AUROC and acceptance are means over actors, as in attribution.md C1, with percentile bootstrap
over actors, 90 %. Settings are the product's defaults. What a reader sees is in the last rows: how often a name is
given, and how often it is right.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from masking import ACTORS_TOOLS, MASKED, PACKED, RAW, VARIANTS, Texts, read_texts
from numpy.typing import NDArray
from reports import FOLDS, columns

from consilience.attribution.text_similarity import (
    SettledReport,
    TextSettings,
    build_text_profiles,
    rank_text,
    score_text,
)
from consilience.inference.calibration import Interval, accepted_at, auroc, bootstrap
from consilience.inference.kernel_ridge import stratified_folds
from processes import Row

FloatArray = NDArray[np.float64]

SETTINGS: Final = TextSettings(least_reports=1)
KNOWN_ACCEPTED: Final = 0.95
GOAL_AUROC: Final = {RAW: 0.90, MASKED: 0.85}
GOAL_ACCEPTED: Final = 0.30


class Asked(msgspec.Struct, frozen=True):
    """One question: whether the actor is known, probability of "known", nearest likeness, name given, and if right."""

    known: bool
    probability: float
    nearest: float
    named: bool
    right: bool


def without_actor(texts: Texts, variant: str, actor: int) -> list[Asked]:
    """Return the answers on known actors' reports and on those of the actor left out."""
    column = columns(texts)
    own = np.flatnonzero(column == actor)
    gone = {texts.copies[at] for at in own.tolist()}
    others = np.array([at for at in np.flatnonzero(column != actor).tolist() if texts.copies[at] not in gone])
    copies = [texts.copies[at] for at in others.tolist()]
    order = np.random.default_rng(actor).permutation(others.size).tolist()
    fold = stratified_folds(column[others].tolist(), copies, FOLDS, order)
    found: list[Asked] = []
    for each in range(FOLDS):
        learn = [
            SettledReport(texts.names[at], texts.actors[at], texts.texts[variant][at])
            for at in others[fold != each].tolist()
        ]
        profiles = build_text_profiles(learn, SETTINGS)
        if profiles is None:
            raise ValueError(f"without {texts.actors[own[0]]} the reports of too few actors are left")
        for at in (*others[fold == each].tolist(), *own.tolist()):
            text = texts.texts[variant][at]
            score, ranking = score_text(text, profiles), rank_text(text, profiles)
            named = not ranking.abstains
            right = named and ranking.candidates[0].cluster == texts.actors[at]
            found.append(Asked(at not in own, score.known, float(score.likeness.max()), named, right))
    return found


def mean_over(actors: Sequence[float]) -> Interval:
    """Return the mean over actors with its bootstrap interval."""
    values = np.array(actors)
    return bootstrap(lambda drawn: float(values[drawn].mean()), values.size, seed=0)


def _written(found: Interval) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def rows_of(texts: Texts, variant: str) -> list[Row]:
    """Return the rows of one variant."""
    asked = [without_actor(texts, variant, actor) for actor in range(len(set(texts.actors)))]
    rows = []
    for name, read in (("Consilience", _probability), ("nearest settled report", _nearest)):
        sides = [
            ([read(one) for one in each if one.known], [read(one) for one in each if not one.known]) for each in asked
        ]
        ranked = mean_over([auroc(inside, outside) for inside, outside in sides])
        let = mean_over([accepted_at(inside, outside, KNOWN_ACCEPTED) for inside, outside in sides])
        figure = f"AUROC {_written(ranked)}; at 95 % of known accepted, {_written(let)} of unknown"
        own = name == "Consilience" and variant in GOAL_AUROC
        goal = f"AUROC >= {GOAL_AUROC[variant]}, <= {GOAL_ACCEPTED:.0%} of unknown" if own else ""
        met = ranked.value >= GOAL_AUROC[variant] and let.value <= GOAL_ACCEPTED if own else None
        rows.append(Row(f"Unknown actor's report, {variant}: {name}", figure, goal, met))
    known = [one for each in asked for one in each if one.known]
    named = [one for one in known if one.named]
    strangers = mean_over([float(np.mean([one.named for one in each if not one.known])) for each in asked])
    figure = (
        f"known actors' reports {len(named) / len(known):.0%}, "
        f"of which {np.mean([one.right for one in named]):.0%} right; "
        f"an unknown actor's {_written(strangers)}"
    )
    return [*rows, Row(f"Name given, {variant}", figure, "", None)]


def _probability(one: Asked) -> float:
    return one.probability


def _nearest(one: Asked) -> float:
    return one.nearest


def run(packed: Path = PACKED, variants: Sequence[str] = (RAW, ACTORS_TOOLS, MASKED)) -> list[Row]:
    """Return the figures as rows."""
    if not packed.exists():
        return [Row("Unknown actor's report", "not measured: shared/data/reports is not there", "", None)]
    texts = read_texts(packed)
    return [row for variant in variants for row in rows_of(texts, variant)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="?", default=PACKED)
    parser.add_argument("--variant", choices=VARIANTS, action="append")
    given = parser.parse_args()
    for row in run(given.texts, given.variant or (RAW, ACTORS_TOOLS, MASKED)):
        print(
            f"{row.what}: {row.figure}" + (f" (goal {row.goal}: {'met' if row.met else 'missed'})" if row.goal else "")
        )


if __name__ == "__main__":
    main()
