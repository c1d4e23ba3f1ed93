"""Measure the kind of link against the documented pairs of the development file, on which its rules were set.

Usage: python bench/overlap/relations.py [--quick] [--pairs FILE]

Two questions for each pair: is there a link at all (score: 1 less the probability of coincidence), and of which kind.
What is known: the packaged knowledge, and unless ``--quick`` a workspace with Maltrail's lists and the documents of the
two worked cases. Because collections often restate the very fact that a label was taken from, all figures are given
several times:

- ``all``: everything. CONTAMINATED by restatement: not a measure of finding what nobody has said;
- ``no restatement``: without what may restate a label: clusters of one publisher with names of both, relations between
  entries, the label's own report among shared references, and statements of documents that are the label's own report
  or go back to it;
- ``no restatement, no prose``: nor sentences of descriptions that name the other, which may sum up the same report;
- ``lists only``: what the lists share and nothing that anybody says.

Beside them stand single signals on the same pairs: the weight of what the lists share (the score by which ``consilience
overlap`` ranks), a common reference however many cite it, and a description that names the other.

The rules are set by hand, with this file at hand, and nothing is fitted; a file that nobody looked at (``--pairs``) is
the test. What the file can tell of its own: AUROC of each sort of relation by itself, so that no sort carries the rest,
and how many kinds would be named, and rightly, at lower bounds than the one in use.

Intervals are percentile bootstrap over pairs (Efron 1979), related and control drawn apart, 2,000 draws, 90 %.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consilience.app.case_facts import add_documents
from consilience.app.link_question import PairFacts, PairReader, judge
from consilience.app.settings import Settings
from consilience.app.use_cases import knowledge
from consilience.formats.case_yaml import read_case
from consilience.inference.calibration import auroc
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.model.assessment import HypothesisKind
from consilience.overlap.belief import origins
from consilience.overlap.kind import LinkVerdict
from consilience.overlap.pair_knowledge import PairKnowledge
from consilience.overlap.pairs import ALL_UNITS
from consilience.store.workspace import open_workspace
from processes import CONSILIENCE, DATA, ROOT, Row

KIND_OF: Final = {
    "same": HypothesisKind.SAME_ACTOR,
    "subgroup": HypothesisKind.SUBGROUP,
    "coop": HypothesisKind.COOPERATION,
    "supplier": HypothesisKind.SUPPLIER,
    "hijack": HypothesisKind.HIJACK,
    "imitation": HypothesisKind.IMITATION,
}
"""The labels of the file as kinds; ``infra`` says only that infrastructure was shared, and has none."""

BEST_BEFORE: Final = {"all": 0.72, "all hard": 0.72, "lists": 0.65, "lists hard": 0.69}
"""The best single signals without co-mentions in reports on the whole set of 48 and 42 pairs (attribution.md C8)."""

DRAWS: Final = 2000
BOUNDS: Final = (0.55, 0.45, 0.35, 0.25)
ABSTAINED: Final = "not enough to say"

_FloatArray = npt.NDArray[np.float64]


class Pair(msgspec.Struct, frozen=True):
    """A pair of the file. ``relation`` is empty for a control, and ``hard`` says that it shares a sponsor or region."""

    a: str
    b: str
    relation: str = ""
    year: int = 0
    source: str = ""
    verified: str = ""
    hard: bool = False


class Pairs(msgspec.Struct, frozen=True):
    """The file."""

    related: tuple[Pair, ...]
    controls: tuple[Pair, ...]
    about: str = ""


class Judged(msgspec.Struct, frozen=True):
    """A pair with its verdict."""

    pair: Pair
    verdict: LinkVerdict


Change = Callable[[Pair, PairFacts], PairFacts]
Figures = dict[str, tuple[float, float, float]]


def whole(_: Pair, facts: PairFacts) -> PairFacts:
    """Return the facts as they are."""
    return facts


def without_restatements(pair: Pair, facts: PairFacts) -> PairFacts:
    """Return the facts without what may be the label itself in other words."""
    told = facts.knowledge
    label = _plain(pair.source)
    known = msgspec.structs.replace(
        told,
        names=(),
        statements=tuple(each for each in told.statements if each.rule != "knowledge-relation"),
        reports=tuple(each for each in told.reports if each.report != label),
    )
    speaking = {each.source for each in facts.statements}
    own = {key for key in speaking if any(_publisher(each, label) for each in origins((key,), facts.sources))}
    statements = tuple(each for each in facts.statements if each.source not in own)
    return msgspec.structs.replace(facts, knowledge=known, statements=statements)


def without_prose(pair: Pair, facts: PairFacts) -> PairFacts:
    """Return the facts without restatements and without the sentences of descriptions."""
    facts = without_restatements(pair, facts)
    return msgspec.structs.replace(facts, knowledge=msgspec.structs.replace(facts.knowledge, statements=()))


def lists_only(_: Pair, facts: PairFacts) -> PairFacts:
    """Return what the two share in lists, and nothing that is said."""
    return msgspec.structs.replace(facts, statements=(), knowledge=PairKnowledge())


VARIANTS: Final[dict[str, Change]] = {
    "all": whole,
    "no restatement": without_restatements,
    "no restatement, no prose": without_prose,
    "lists only": lists_only,
}


def _plain(url: str) -> str:
    return url.partition("://")[2].removeprefix("www.").rstrip("/").casefold()


def _publisher(source: str, label: str) -> bool:
    host = label.partition("/")[0].replace("-", "").replace(".", "")
    return bool(label) and source.replace("-", "") in host


def interval(positive: _FloatArray, negative: _FloatArray, draws: int = DRAWS) -> tuple[float, float]:
    """Return the 90 % percentile bootstrap interval of :func:`auroc`."""
    rng = np.random.default_rng(20261122)
    found = [auroc(rng.choice(positive, positive.size), rng.choice(negative, negative.size)) for _ in range(draws)]
    return float(np.percentile(found, 5)), float(np.percentile(found, 95))


def read_facts(pairs: Pairs, quick: bool) -> list[tuple[Pair, PairFacts]]:
    """Return every pair with all that there is on it."""
    with tempfile.TemporaryDirectory() as folder:
        where = Settings(workspace=Path(folder) / "workspace", cache=_cache())
        if not quick:
            _add_lists(Path(folder), where.workspace)
        known = knowledge(where)
        with open_workspace(where.workspace) as store:
            for case in sorted((ROOT / "cases").iterdir()):
                add_documents(store, where, read_case(case), case)
            reader = PairReader(known, store, open_shared_infrastructure(where.cache))
            return [(pair, reader.facts(pair.a, pair.b)) for pair in (*pairs.related, *pairs.controls)]


def overlap_score(facts: PairFacts) -> float:
    """Return the score by which the lists rank the pair; 0 where they share nothing or one of the two is not there."""
    return max((pair.score for pair in facts.overlaps if pair.unit == ALL_UNITS), default=0.0)


def cites_together(facts: PairFacts) -> float:
    """Return how many references both cite."""
    return float(len(facts.knowledge.reports))


def described_together(facts: PairFacts) -> float:
    """Return how many sentences of descriptions name both."""
    return float(sum(each.rule == "knowledge-description" for each in facts.knowledge.statements))


SIGNALS: Final[dict[str, Callable[[PairFacts], float]]] = {
    "weight of the overlap in the lists": overlap_score,
    "common references": cites_together,
    "descriptions that name the other": described_together,
}
"""What the verdict has to beat: single signals on the same pairs."""


def _cache() -> Path:
    given = os.environ.get("CONSILIENCE_CACHE")
    return Path(given) if given else Path(tempfile.gettempdir()) / "consilience-bench-cache"


def _add_lists(folder: Path, workspace: Path) -> None:
    with tarfile.open(DATA / "maltrail" / "maltrail-apt-2026-01-03.tar.xz") as archive:
        archive.extractall(folder / "lists", filter="data")
    command = [*CONSILIENCE, "--workspace", str(workspace), "add", str(folder / "lists")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 6}:
        raise SystemExit(f"the lists cannot be added: {done.stderr.strip()}")


def figures(judged: Sequence[Judged]) -> Figures:
    """Return AUROC with its interval, of related pairs against all controls and against hard controls."""
    related, controls, hard = (
        np.array([each.verdict.linked for each in judged if keep(each.pair)])
        for keep in (lambda pair: bool(pair.relation), lambda pair: not pair.relation, lambda pair: pair.hard)
    )
    return _against(related, controls, hard)


def signal_figures(facts: Sequence[tuple[Pair, PairFacts]], signal: Callable[[PairFacts], float]) -> Figures:
    """Return the same of one signal."""
    scored = [(pair, signal(each)) for pair, each in facts]
    related, controls, hard = (
        np.array([score for pair, score in scored if keep(pair)])
        for keep in (lambda pair: bool(pair.relation), lambda pair: not pair.relation, lambda pair: pair.hard)
    )
    return _against(related, controls, hard)


def _against(related: _FloatArray, controls: _FloatArray, hard: _FloatArray) -> Figures:
    return {
        name: (auroc(related, negative), *interval(related, negative))
        for name, negative in (("all", controls), ("hard", hard))
        if related.size and negative.size
    }


def by_relation(judged: Sequence[Judged]) -> str:
    """Return AUROC against all controls of each sort of relation by itself."""
    controls = np.array([each.verdict.linked for each in judged if not each.pair.relation])
    found = []
    for label in sorted({each.pair.relation for each in judged} - {""}):
        scores = np.array([each.verdict.linked for each in judged if each.pair.relation == label])
        found.append(f"{label} {auroc(scores, controls):.2f} ({scores.size})")
    return ", ".join(found)


def likeliest(judged: Sequence[Judged]) -> tuple[float, int, int]:
    """Return how many labelled pairs have their kind as the likeliest, ties shared; of how many with any; of all."""
    typed = [each for each in judged if each.pair.relation in KIND_OF]
    led = [(each, _leading_kinds(each.verdict)) for each in typed]
    told = [(each, kinds) for each, kinds in led if len(kinds) < len(KIND_OF)]
    right = sum((KIND_OF[each.pair.relation].value in kinds) / len(kinds) for each, kinds in told)
    return right, len(told), len(typed)


def at_bounds(judged: Sequence[Judged]) -> str:
    """Return, by the least probability at which a kind is named: the right ones, and controls that get a kind."""
    found = []
    for bound in BOUNDS:
        said = [(each, _named_at(each.verdict, bound)) for each in judged]
        answered = [(each, kind) for each, kind in said if kind and each.pair.relation in KIND_OF]
        right = sum(KIND_OF[each.pair.relation].value == kind for each, kind in answered)
        wrong = sum(bool(kind) and not each.pair.relation for each, kind in said)
        found.append(f"{bound:.2f}: {right} of {len(answered)} right, {wrong} controls")
    return "; ".join(found)


def _named_at(verdict: LinkVerdict, bound: float) -> str:
    """Return the kind of link that leads with ``bound`` and twice the next, coincidence aside; else an empty text."""
    first, second, *_ = sorted(verdict.probability.items(), key=lambda each: -each[1])
    told = first[1] >= bound and first[1] >= 2.0 * second[1]
    return first[0] if told and first[0] not in {HypothesisKind.COINCIDENCE, HypothesisKind.UNKNOWN} else ""


def named(judged: Sequence[Judged]) -> tuple[int, int, int, int]:
    """Return of the pairs with a labelled kind how many are named and rightly so, then of controls named and in all."""
    typed = [each for each in judged if each.pair.relation in KIND_OF]
    answered = [each for each in typed if not each.verdict.abstains]
    right = sum(each.verdict.leading is KIND_OF[each.pair.relation] for each in answered)
    controls = [each for each in judged if not each.pair.relation]
    return len(answered), right, sum(_claims_link(each) for each in controls), len(controls)


def _claims_link(each: Judged) -> bool:
    return not each.verdict.abstains and each.verdict.leading is not HypothesisKind.COINCIDENCE


def confusion(judged: Sequence[Judged]) -> list[str]:
    """Return a line for each label: what its pairs were called, and which kind of link led where nothing was."""
    lines = []
    for label in sorted({each.pair.relation or "control" for each in judged}):
        of_label = [each for each in judged if (each.pair.relation or "control") == label]
        said = Counter(ABSTAINED if each.verdict.abstains else each.verdict.leading.value for each in of_label)
        best = Counter(_best_kind(each.verdict) for each in of_label)
        first = ", ".join(f"{kind} {number}" for kind, number in best.most_common())
        named = ", ".join(f"{kind} {number}" for kind, number in said.most_common())
        lines.append(f"{label:10} {named:60} likeliest kind: {first}")
    return lines


def _leading_kinds(verdict: LinkVerdict) -> list[str]:
    """Return the likeliest kinds of link, coincidence and unknown aside: one, or several that are alike."""
    aside = {HypothesisKind.COINCIDENCE.value, HypothesisKind.UNKNOWN.value}
    kinds = {kind: value for kind, value in verdict.probability.items() if kind not in aside}
    top = max(kinds.values())
    return [kind for kind, value in kinds.items() if value >= top - 1e-4]


def _best_kind(verdict: LinkVerdict) -> str:
    leading = _leading_kinds(verdict)
    return " or ".join(leading) if len(leading) < 3 else "open"


def run(quick: bool = False, file: Path | None = None, verbose: bool = False) -> list[Row]:
    """Return the figures as rows; ``quick`` leaves out the lists."""
    path = file or DATA / "relations" / "pairs-dev.json"
    if not path.exists():
        return [Row("Kind of link", "not measured: shared/data/relations is not there", "", None)]
    pairs = msgspec.json.decode(path.read_bytes(), type=Pairs)
    facts = read_facts(pairs, quick)
    rows = []
    for name, signal in SIGNALS.items():
        rows += _auroc_rows(signal_figures(facts, signal), f"{name} alone")
    for name, change in VARIANTS.items():
        judged = [Judged(pair, judge(change(pair, each))) for pair, each in facts]
        rows += _auroc_rows(figures(judged), name, "lists" if name == "lists only" else "all")
        answered, right, controls, of_controls = named(judged)
        first, told, typed = likeliest(judged)
        rows += [
            Row(f"The same by sort of relation (pairs), {name}", by_relation(judged), "", None),
            Row(
                f"Kind named, {name}",
                f"{right} of {answered} right; nothing said of {typed - answered} of {typed}; "
                f"link claimed for {controls} of {of_controls} controls",
                "",
                None,
            ),
            Row(f"Likeliest kind, {name}", f"{first:.1f} of {told} right; all alike for {typed - told}", "", None),
            Row(f"Kind named at lower bounds, {name}", at_bounds(judged), "", None),
        ]
        if verbose:
            print(f"--- {name}")
            print("\n".join(confusion(judged)))
            for each in judged:
                print(_line(each))
    return rows


def _auroc_rows(found: Figures, name: str, goal: str = "") -> list[Row]:
    """Return a row for each sort of control; ``goal`` names the rows of :data:`BEST_BEFORE`, if any, to be beaten."""
    rows = []
    for against, (value, low, high) in found.items():
        least = BEST_BEFORE.get({"all": goal, "hard": f"{goal} hard"}[against], math.nan)
        rows.append(
            Row(
                f"Related pairs against {'hard' if against == 'hard' else 'all'} controls, AUROC [90 %], {name}",
                f"{value:.2f} [{low:.2f}, {high:.2f}]",
                "" if math.isnan(least) else f"> {least:.2f}",
                None if math.isnan(least) else value > least,
            )
        )
    return rows


def _line(each: Judged) -> str:
    said = ABSTAINED if each.verdict.abstains else each.verdict.leading.value
    kinds = sorted({item.kind for item in each.verdict.items if any(item.weights.values())})
    pair, best = each.pair, _best_kind(each.verdict)
    share = max(each.verdict.probability[kind] for kind in _leading_kinds(each.verdict))
    label = pair.relation or ("hard" if pair.hard else "-")
    seen = ", ".join(kinds)
    return f"{each.verdict.linked:.3f} {label:9} {pair.a} | {pair.b}: {said}; {best} {share:.2f} <- {seen}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without Maltrail's lists")
    parser.add_argument("--pairs", type=Path, help="another file of pairs in the same form")
    parser.add_argument("--verbose", action="store_true", help="every pair, and what was called what")
    arguments = parser.parse_args()
    for row in run(arguments.quick, arguments.pairs, arguments.verbose):
        goal = f"  (goal {row.goal}: {'met' if row.met else 'MISSED'})" if row.goal else ""
        print(f"{row.what}: {row.figure}{goal}")


if __name__ == "__main__":
    main()
