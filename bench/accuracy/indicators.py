"""Whose are a report's indicators? Learnt on the past, tested on later reports, each seeing only earlier ones.

Usage: python bench/accuracy/indicators.py [LISTS] [--learn] [--from 2023] [--to 2026] [--curves]

LISTS is an archive or a folder of indicator lists in Maltrail's format, one per group; by default those of shared/data.
Without ``--learn`` the shipped weights are asked about the reports of the test years, whatever the lists. The record
that corrects them grows as reports become known, as it does in a workspace (``attribution.track_record``). ``--learn``
learns the model anew from the reports before 2023 and writes it; the test years are not looked at. ``--from 2022 --to
2023`` learns in memory from the years before and tests inside the learning part: what choices were made by.

Bands are given twice. By the group that the answer names: what a reader has in hand. By the group that is right: what
the groups experience; reports of groups that had no report yet are in the smallest band there, and no name is right.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import learn_indicators
import msgspec
import numpy as np
import splits
from baselines import guesses
from learn_indicators import SETTINGS, Question, learn, tabulate
from numpy.typing import NDArray

from consilience.attribution.candidates import BANDS, FEW, band_of, features, gives_name, rank, score
from consilience.attribution.profiles import (
    NOBODY,
    KnownReport,
    Profiles,
    build_profiles,
)
from consilience.attribution.traces import Indicators, indicators
from consilience.attribution.track_record import ASKED, PastAnswer, with_record
from consilience.inference.calibration import (
    accepted_at,
    accuracy_at,
    auroc,
    brier,
    calibration_error,
    coverage_at,
    reliability_curve,
)
from consilience.knowledge.indicator_model import IndicatorModel, Learnt, read_indicator_model
from consilience.knowledge.infrastructure import open_shared_infrastructure
from processes import ROOT, Row

MODEL: Final = ROOT / "src" / "consilience" / "knowledge" / "data" / "indicator_model.toml"
SURE: Final = 0.95
C4: Final = {"all": (0.385, 0.82), "outside": (0.26, 0.58)}
"""Coverage and accuracy of the rarity vote with evidence at least 30 days older (attribution.md C4): over all reports,
and over those of groups that are not among the five largest."""

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class Material(msgspec.Struct, frozen=True):
    """A split with everything that is looked up: all dated reports that may be seen, and the questions."""

    split: splits.Split
    known: tuple[KnownReport, ...]
    profiles: Profiles
    learn: tuple[Question, ...]
    test: tuple[Question, ...]
    nobody: tuple[Question, ...]


class Answers(msgspec.Struct, frozen=True):
    """N answers: the leading group's probability, whether it is right, its band and that of the truth, and the rest.

    ``unknown`` is the probability of an unknown actor, ``named`` whether a name is given, ``there`` whether the group
    had an earlier report.
    """

    stated: FloatArray
    unknown: FloatArray
    right: BoolArray
    band: IntArray
    truth_band: IntArray
    named: BoolArray
    there: BoolArray


def material(lists: Path, learn_until: int, test_until: int) -> Material:
    """Read the lists and cut them into questions."""
    reports = splits.reports_of(splits.lists(lists))
    split = splits.split(reports, learn_until, test_until)
    infrastructure = open_shared_infrastructure(_cache())
    seen: dict[splits.ListedReport, Indicators] = {
        each: indicators((type_, value, infrastructure.listed(type_, value)) for type_, value in each.values)
        for each in reports
    }
    known = tuple(
        KnownReport(each.group, each.id, each.first, each.last, seen[each])
        for each in reports
        if each.last and each.group not in splits.NO_GROUP
    )
    profiles = build_profiles(known)
    place = {group: at for at, group in enumerate(profiles.clusters)}
    learn, test, nobody = (
        tuple(Question(seen[each], each.first, place.get(each.group, NOBODY), each.last) for each in part)
        for part in (split.learn, split.test, split.nobody)
    )
    return Material(split, known, profiles, learn, test, nobody)


def _cache() -> Path:
    given = os.environ.get("CONSILIENCE_CACHE")
    return Path(given) if given else Path(tempfile.gettempdir()) / "consilience-bench-cache"


def learnt_model(found: Material, lists: Path, learn_until: int) -> IndicatorModel:
    """Return the model of the learning part; only reports of that part are in sight."""
    border = date(learn_until, 1, 1).toordinal()
    past = [each for each in found.known if each.last < border]
    profiles = build_profiles(past)
    place = {group: at for at, group in enumerate(profiles.clusters)}
    names = found.profiles.clusters
    questions = [msgspec.structs.replace(each, group=place[names[each.group]]) for each in found.learn]
    learnt = Learnt(
        data=lists.name,
        split=found.split.digest,
        before=learn_until,
        reports=len(questions),
        groups=len({each.group for each in questions}),
        record=f"{learn_indicators.RECORD} half-years before {learn_until}, weights from all other reports",
        script="bench/accuracy/indicators.py --learn",
        date=datetime.now(UTC).date().isoformat(),
    )
    return learn(tabulate(questions, profiles, SETTINGS), learnt)


def ask(
    questions: Sequence[Question],
    profiles: Profiles,
    model: IndicatorModel,
    record: Sequence[PastAnswer] = (),
    older: int = 0,
    *,
    hidden: bool = False,
) -> Answers:
    """Return the answers to questions; evidence and record are at least ``older`` days older.

    Without a record, the correction is the shipped one. With ``hidden`` each report's own group is left out, so that
    "unknown" is right.
    """
    days = [each.day for each in record]
    models: dict[int, IndicatorModel] = {}
    rows = []
    for each in questions:
        count = bisect_left(days, each.day - older)
        if count not in models:
            models[count] = with_record(model, record[:count])
        rows.append(_answer(each, profiles, models[count], older, hidden))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Answers(*columns)


def past(found: Material, model: IndicatorModel, older: int = 0) -> list[PastAnswer]:
    """Return the record in order of the day from which each truth is known: the end of the learning part, the test."""
    before = sorted(found.learn, key=lambda each: each.last)[-ASKED * model.settings.record :]
    rows = []
    for each in sorted((*before, *found.test), key=lambda each: each.last):
        seen = features(each.indicators, found.profiles, each.day - older, model.settings)
        scored = score(seen, model)
        if scored.leader >= 0:
            raw, traced = float(scored.raw[scored.leader]), scored.leader in seen.held
            rows.append(PastAnswer(each.last, raw, scored.leader == each.group, scored.band, traced))
    return rows


def _answer(
    question: Question, profiles: Profiles, model: IndicatorModel, older: int, hidden: bool
) -> tuple[float, float, bool, int, int, bool, bool]:
    without = question.group if hidden else NOBODY
    seen = features(question.indicators, profiles, question.day - older, model.settings, without)
    scored = score(seen, model)
    reports = seen.activity.reports
    there = question.group != NOBODY and bool(reports[question.group] > 0)
    truth = BANDS.index(band_of(question.group, reports, model.settings) if there else FEW)
    if scored.leader < 0:
        return 0.0, 1.0, False, BANDS.index(FEW), truth, False, there
    stated, unknown = float(scored.stated[scored.leader]), float(scored.stated[-1])
    named = gives_name(scored, seen, model)
    return stated, unknown, scored.leader == question.group, BANDS.index(scored.band), truth, named, there


def calibration_rows(found: Answers) -> Iterator[Row]:
    """Yield calibration over all answers and by band of the answer, then what "95 % or more" was worth in each band."""
    error = calibration_error(found.stated, found.right)
    parts = brier(found.stated, found.right)
    yield Row(
        f"leading group of {found.right.size:,} reports is right; Brier score",
        f"{found.right.mean():.3f}; {parts.score:.3f} (reliability {parts.reliability:.4f})",
        "",
        None,
    )
    yield Row("expected calibration error, all (15 bins)", f"{error:.3f}", "≤ 0.03", error <= 0.03)
    for at, name in enumerate(BANDS):
        own = found.band == at
        if own.any():
            error = calibration_error(found.stated[own], found.right[own])
            chance = error - calibration_error(found.stated[own], found.right[own], debiased=True)
            figure = f"{error:.3f} ({own.sum():,} reports; a perfect forecaster would show {chance:.3f})"
            yield Row(f"expected calibration error, answers in the band {name!r}", figure, "≤ 0.06", error <= 0.06)
    for whose, bands in (("answers in", found.band), ("reports of groups in", found.truth_band)):
        for at, name in enumerate(BANDS):
            sure = (bands == at) & (found.stated >= SURE)
            right, count = int(found.right[sure].sum()), int(sure.sum())
            yield Row(
                f"claims of 95 % or more, {whose} the band {name!r}",
                f"{right} of {count} right ({right / count:.3f})" if count else "none made",
                "≥ 0.93",
                right / count >= 0.93 if count else None,
            )


def frozen_rows(found: Answers) -> Iterator[Row]:
    """Yield what the shipped correction alone is worth: a workspace without dated reports has no other."""
    error = calibration_error(found.stated, found.right)
    sure = found.stated >= SURE
    worth = f"{found.right[sure].mean():.3f} of {sure.sum():,}" if sure.any() else "none made"
    figure = f"{error:.3f}; claims of 95 % or more right: {worth}"
    yield Row("the same with the shipped record only: expected calibration error", figure, "≤ 0.03", error <= 0.03)


def coverage_rows(found: Answers, older: Answers) -> Iterator[Row]:
    """Yield accuracy at the coverages of attribution.md C4, and what the product's own rule answers."""
    for name, answers in (("any earlier report", found), ("reports at least 30 days older", older)):
        for part, keep in (("all", np.ones(answers.right.size, dtype=bool)), ("outside", answers.truth_band > 0)):
            if not keep.any():
                continue
            coverage, before = C4[part]
            accuracy = accuracy_at(answers.stated[keep], answers.right[keep], coverage)
            same = coverage_at(answers.stated[keep], answers.right[keep], before)
            whose = "all" if part == "all" else "of groups outside the five largest"
            yield Row(
                f"surest {coverage:.1%} of {keep.sum():,} reports, {whose}, evidence: {name}",
                f"{accuracy:.3f} right; {before:.0%} right up to coverage {same:.3f}",
                f"> {before} (C4)",
                accuracy > before,
            )
    for at, name in enumerate(BANDS):
        own = found.band == at
        named = own & found.named
        if named.any():
            figure = f"{named.sum():,} of {own.sum():,} reports, {found.right[named].mean():.3f} right"
            yield Row(f"a name is given, band {name!r}", figure, "≥ 0.80 right", bool(found.right[named].mean() >= 0.8))


def open_set_rows(found: Answers, hidden: Answers, nobody: Answers | None) -> Iterator[Row]:
    """Yield how well "unknown" tells reports of known groups from the same reports with their group left out.

    The score is one less the probability of "unknown"; on 2022 it told them apart better than that of the leader.
    """
    known = 1.0 - found.unknown[found.there]
    unknown = 1.0 - hidden.unknown[found.there]
    value = auroc(known, unknown)
    yield Row(f"known against left out, AUROC ({known.size:,} reports each way)", f"{value:.3f}", "", None)
    accepted = accepted_at(known, unknown, 0.95)
    yield Row("left-out groups accepted where 95 % of known ones are", f"{accepted:.3f}", "", None)
    sure = hidden.stated >= SURE
    yield Row("reports of left-out groups with a claim of 95 % or more", f"{sure.sum()} of {sure.size:,}", "", None)
    yield Row("reports of left-out groups given a name", f"{hidden.named.mean():.3f}", "", None)
    new = ~found.there
    if new.any():
        figure = f"{found.named[new].mean():.3f} of {new.sum()}; of known groups {found.named[~new].mean():.3f}"
        yield Row("reports of groups that had no earlier report, given a name", figure, "", None)
    if nobody is not None:
        figure = f"{nobody.named.mean():.3f} of {nobody.named.size}"
        yield Row("reports that the lists file under no group, given a name", figure, "", None)


def baseline_rows(found: Material, ours: Answers) -> Iterator[Row]:
    """Yield every other method at the same coverages, with calibration where it states a probability."""
    border = date(splits.LEARN_UNTIL, 1, 1).toordinal()
    border = min([border, *(each.day for each in found.test)])
    asked = [(each.indicators, each.day) for each in found.test]
    truth = np.array([each.group for each in found.test])
    outside = ours.truth_band > 0
    for name, all_of in guesses(found.known, found.profiles.clusters, asked, border).items():
        right = np.array([each.leader for each in all_of]) == truth
        scores = _ranks(np.array([each.score for each in all_of]))
        stated = np.array([each.probability for each in all_of])
        other = f"{accuracy_at(scores[outside], right[outside], C4['outside'][0]):.3f}" if outside.any() else "none"
        figure = f"{accuracy_at(scores, right, C4['all'][0]):.3f}; {other}; {right.mean():.3f}"
        if not np.isnan(stated).any():
            sure = stated >= SURE
            worth = f"{right[sure].mean():.3f} of {sure.sum():,}" if sure.any() else "none"
            small = sure & outside
            least = f"{right[small].mean():.3f} of {small.sum():,}" if small.any() else "none"
            figure += f"; ECE {calibration_error(stated, right):.3f}; ≥ 95 %: {worth}, outside {least}"
        yield Row(f"{name}: right at 38.5 %; outside the five largest at 26 %; always", figure, "", None)


def _ranks(scores: FloatArray) -> FloatArray:
    """Return scores as numbers between 0 and 1 in the same order, equal ones equal."""
    values, place = np.unique(scores, return_inverse=True)
    return np.asarray(place / max(1, values.size - 1))


def speed_rows(found: Material, model: IndicatorModel, most: int = 1_000) -> Iterator[Row]:
    """Yield processor time of whole explained answers, against everything in the lists."""
    some = found.test[:most]
    spent = []
    for each in some:
        start = time.process_time()
        rank(each.indicators, found.profiles, model, each.day)
        spent.append(time.process_time() - start)
    slow = float(np.quantile(spent, 0.99))
    total = sum(spent) * 1_000 / len(spent)
    what = f"{len(found.profiles):,} reports of {len(found.profiles.clusters)} groups"
    yield Row(
        f"one report against {what}: median, 99th percentile, most (CPU)",
        f"{1e3 * float(np.median(spent)):.1f}, {1e3 * slow:.1f}, {1e3 * max(spent):.1f} ms",
        "< 200 ms",
        slow < 0.2,
    )
    yield Row("1,000 reports, explained (CPU)", f"{total:.1f} s", "< 60 s", total < 60)


def curves(found: Answers) -> Iterator[str]:
    """Yield the reliability of every band as lines of text, and risk by coverage."""
    for name, own in (("all", np.ones(found.right.size, dtype=bool)), *_by_band(found)):
        yield f"{name}: stated, right, reports"
        for each in reliability_curve(found.stated[own], found.right[own], 10):
            yield f"  {each.stated:.3f}  {each.right:.3f}  {each.count:>5}"
        line = (
            f"{at / 10:.1f}: {accuracy_at(found.stated[own], found.right[own], at / 10):.3f}" for at in range(1, 11)
        )
        yield "  accuracy by coverage  " + "  ".join(line)


def _by_band(found: Answers) -> Iterator[tuple[str, BoolArray]]:
    for whose, bands in (("answers in", found.band), ("groups in", found.truth_band)):
        for at, name in enumerate(BANDS):
            if (bands == at).any():
                yield f"{whose} {name!r}", bands == at


def measured(found: Material, model: IndicatorModel, show: Callable[[str], None] | None = None) -> list[Row]:
    """Return all figures on the test part."""
    if not found.test:
        return [Row("indicators over time", "not measured: no dated report lies in the test years", "", None)]
    record = past(found, model)
    answers = ask(found.test, found.profiles, model, record)
    older = ask(found.test, found.profiles, model, past(found, model, 30), 30)
    hidden = ask(found.test, found.profiles, model, record, hidden=True)
    nobody = ask(found.nobody, found.profiles, model, record) if found.nobody else None
    frozen = ask(found.test, found.profiles, model)
    if show:
        for line in curves(answers):
            show(line)
    return [
        *calibration_rows(answers),
        *frozen_rows(frozen),
        *coverage_rows(answers, older),
        *open_set_rows(answers, hidden, nobody),
        *baseline_rows(found, answers),
        *speed_rows(found, model),
    ]


def run(lists: Path = splits.PACKED) -> list[Row]:
    """Measure the shipped model on the test years."""
    if not lists.exists():
        return [Row("indicators over time", "not measured: shared/data/maltrail is not there", "", None)]
    return measured(material(lists, splits.LEARN_UNTIL, splits.TEST_UNTIL), read_indicator_model())


def write(model: IndicatorModel) -> None:
    """Write the shipped model."""
    head = (
        "# How a report's indicators are attributed: weights in decibans for one unit of each feature, and the record\n"
        "# of each band. Made by `python bench/accuracy/indicators.py --learn`, not by hand; docs/decisions/0018.\n\n"
    )
    MODEL.write_text(head + "\n".join(_toml(msgspec.to_builtins(model))), encoding="utf-8")


def _toml(tables: dict[str, dict[str, Any]], above: str = "") -> Iterator[str]:
    """Yield tables of texts and numbers, and tables of such tables, as TOML; JSON writes the same text and number."""
    for name, table in tables.items():
        below = {key: value for key, value in table.items() if isinstance(value, dict)}
        if below:
            yield from _toml(below, f"{above}{name}.")
            continue
        yield f"[{above}{name}]"
        yield from (f"{key} = {msgspec.json.encode(value).decode()}" for key, value in table.items())
        yield ""


def main() -> None:
    """Learn or measure, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="?", type=Path, default=splits.PACKED, help="archive or folder of lists")
    parser.add_argument("--learn", action="store_true", help="learn anew and write the model; test nothing")
    parser.add_argument("--from", dest="start", type=int, default=splits.LEARN_UNTIL, help="first year of the test")
    parser.add_argument("--to", dest="end", type=int, default=splits.TEST_UNTIL, help="year after the last one")
    parser.add_argument("--curves", action="store_true", help="also print reliability and accuracy by coverage")
    given = parser.parse_args()
    found = material(given.lists, given.start, given.end)
    if given.learn:
        write(learnt_model(found, given.lists, given.start))
        return
    inner = given.start < splits.LEARN_UNTIL
    model = learnt_model(found, given.lists, given.start) if inner else read_indicator_model()
    print(f"split {found.split.digest}: {len(found.learn)} reports to learn from, {len(found.test)} to test on")
    for row in measured(found, model, print if given.curves else None):
        met = "" if row.met is None else "  met" if row.met else "  MISSED"
        print(f"{row.what}\n    {row.figure}  {row.goal}{met}")


if __name__ == "__main__":
    main()
