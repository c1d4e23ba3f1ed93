"""The benchmark on ATT&CK: what is taken out with a report, who is a candidate, and when "unknown" is right."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench" / "accuracy"))

import attack
import attack_reports
import dependence

BEAR, KITTEN, LONE = (f"intrusion-set--{name}" for name in ("bear", "kitten", "lone"))
SHELL, PHISH = "attack-pattern--shell", "attack-pattern--phish"
TOOL, LOADER, OLD = "malware--tool", "malware--loader", "malware--old"

USES = [
    (BEAR, TOOL, "one"),
    (BEAR, TOOL, "two"),  # the same relation, cited twice: one report cannot take it out
    (BEAR, LOADER, "one"),
    (BEAR, SHELL, "two"),
    (KITTEN, LOADER, "three"),
    (KITTEN, PHISH, "three"),
    (KITTEN, SHELL, "four"),
    (LONE, PHISH, "five"),
    (TOOL, SHELL, "one"),
    (KITTEN, OLD, "six"),
]


@pytest.fixture
def known(tmp_path: Path) -> attack_reports.Knowledge:
    cited: dict[tuple[str, str], list[str]] = {}
    for user, thing, report in USES:
        cited.setdefault((user, thing), []).append(report)
    objects: list[dict[str, Any]] = [{"type": each.partition("--")[0], "id": each} for each in (BEAR, KITTEN, LONE)]
    objects += [{"type": each.partition("--")[0], "id": each} for each in (SHELL, PHISH, TOOL, LOADER)]
    objects.append({"type": "malware", "id": OLD, "revoked": True})
    objects += [
        {
            "type": "relationship",
            "id": f"relationship--{at}",
            "relationship_type": "uses",
            "source_ref": user,
            "target_ref": thing,
            "external_references": [{"source_name": report} for report in reports],
        }
        for at, ((user, thing), reports) in enumerate(cited.items())
    ]
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"type": "bundle", "objects": objects}), encoding="utf-8")
    return attack_reports.read(path)


def test_a_report_is_what_it_alone_cites_of_one_group(known: attack_reports.Knowledge) -> None:
    found = {each.report: (each.group, set(each.things)) for each in known.questions}
    assert found == {
        "one": (BEAR, {TOOL, LOADER}),
        "two": (BEAR, {TOOL, SHELL}),
        "three": (KITTEN, {LOADER, PHISH}),
        "four": (KITTEN, {SHELL}),
        "five": (LONE, {PHISH}),
    }  # "six" speaks of revoked software only
    assert [each.report for each in attack_reports.asked(known, "software")] == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("report", "kinds", "there", "right"),
    [
        ("one", "both", {BEAR, KITTEN, LONE}, BEAR),
        ("two", "techniques", {KITTEN, LONE}, "unknown"),  # Bear's only technique is told by this report alone
        ("three", "both", {BEAR, KITTEN, LONE}, KITTEN),  # it keeps the technique that "four" tells of
        ("three", "software", {BEAR}, "unknown"),
        ("five", "both", {BEAR, KITTEN}, "unknown"),
    ],
)
def test_what_a_report_alone_supports_is_taken_out(
    known: attack_reports.Knowledge, report: str, kinds: str, there: set[str], right: str
) -> None:
    table = attack_reports.tabulate(known, kinds)
    row = [each.report for each in attack_reports.asked(known, kinds)].index(report)
    assert {group for group, here in zip(known.groups, table.there[row], strict=True) if here} == there
    assert (*known.groups, "unknown")[table.truth[row]] == right


def test_a_hidden_group_is_no_candidate_and_has_no_probability(known: attack_reports.Knowledge) -> None:
    table = attack_reports.tabulate(known, "both")
    hidden = table.hidden()
    assert (hidden.truth == len(known.groups)).all()
    weights = np.linspace(-1.0, 1.0, table.candidates.shape[2] + table.unknown.shape[1])
    p = attack.probabilities(hidden, weights)
    assert p.sum(axis=1) == pytest.approx(1.0)
    for row, truth in enumerate(table.truth):
        if truth < len(known.groups):
            assert p[row, truth] == 0.0


def test_unknown_does_not_see_what_only_the_hidden_group_shares(known: attack_reports.Knowledge) -> None:
    """Of what "two" asks about, only Bear uses the tool besides; what "three" asks about, Bear uses too."""
    table = attack_reports.tabulate(known, "software")
    asked = [each.report for each in attack_reports.asked(known, "software")]
    for report, seen, hidden in (("two", 1.0, 0.0), ("three", 1.0, 1.0)):
        row = asked.index(report)
        assert (table.unknown[row, 2], table.hidden().unknown[row, 2]) == (seen, hidden), report


def counts(rho: float, seed: int) -> dependence.Counts:
    """Return reports whose own group is drawn by what is shared: a first value weighs 2.5 nats, further ones by rho."""
    generator = np.random.default_rng(seed)
    shared = generator.integers(0, 4, (3_000, 4, 1)) * (generator.random((3_000, 4, 1)) < 0.6)
    size = generator.normal(0.0, 1.0, (3_000, 4))
    weight = sum(2.5 * rho**at * (shared[:, :, 0] > at) for at in range(4))
    odds = np.exp(size + weight)
    drawn = generator.random((3_000, 1)) * odds.sum(axis=1, keepdims=True)
    own = (odds.cumsum(axis=1) < drawn).sum(axis=1)
    families = np.concatenate([np.zeros_like(shared), shared, np.zeros_like(shared)], axis=2)
    return dependence.Counts(families, size, np.ones((3_000, 4), dtype=bool), own)


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.5, 1.0])
def test_rho_is_found_again_where_it_is_known(rho: float) -> None:
    found = dependence.fitted(counts(rho, 5), ("names",))
    assert found.low - 0.05 <= rho <= found.high + 0.05
    assert found.high - found.low <= 0.35
    assert found.decibans[0] == pytest.approx(10.9, abs=1.5)  # 2.5 nats
