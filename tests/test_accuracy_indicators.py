"""The benchmark of indicators over time, on lists made here: it learns, asks, and compares without the real data."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))
sys.path.insert(0, str(ROOT / "bench" / "accuracy"))

import baselines
import indicators as benchmark
import learn_indicators

from consilience.attribution.candidates import CANDIDATE, UNKNOWN, features, score
from consilience.attribution.profiles import KnownReport, build_profiles
from consilience.attribution.traces import Indicators, indicators
from consilience.inference.weighing import DECIBANS
from consilience.knowledge.indicator_model import read_indicator_model


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three groups from 2020 to 2024; each report has the address of the one before it and a new name."""
    folder = tmp_path_factory.mktemp("lists")
    for place, name in enumerate(("bear", "kitten", "panda")):
        lines = []
        for at in range(60):
            day = date(2020, 1, 10 + place) + timedelta(days=30 * at)
            lines += [f"# Reference: https://vendor.example/{day:%Y/%m/%d}/{name}", "", f"{name}-portal-{at}.com"]
            lines += [f"185.{10 + place}.{at}.7", f"185.{10 + place}.{max(0, at - 1)}.7", ""]
        (folder / f"apt_{name}.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_the_whole_benchmark_on_lists_that_nobody_has_seen(lists: Path) -> None:
    found = benchmark.material(lists, 2023, 2025)
    model = benchmark.learnt_model(found, lists, 2023)
    assert model.learnt.reports == len(found.learn)
    rows = {row.what: row for row in benchmark.measured(found, model)}
    accuracy = next(row for what, row in rows.items() if "is right; Brier" in what)
    assert accuracy.figure.startswith("1.000")  # every report has an address of its group's last one
    assert len([what for what in rows if what.split(":")[0] in baselines.METHODS]) == len(baselines.METHODS)


def test_learning_looks_at_nothing_of_the_test_part(lists: Path, tmp_path: Path) -> None:
    other = tmp_path / "lists"
    other.mkdir()
    for path in lists.iterdir():
        text = path.read_text("utf-8")
        cut = text.index("# Reference: https://vendor.example/2023/")
        (other / path.name).write_text(text[:cut] + text[cut:].replace("185.1", "45.1"), "utf-8")
    models = [benchmark.learnt_model(benchmark.material(each, 2023, 2025), each, 2023) for each in (lists, other)]
    assert models[0].candidate == models[1].candidate
    assert models[0].band == models[1].band


def asked(*values: str) -> Indicators:
    return indicators(("ipv4-addr", each, "") for each in values)


KNOWN = [
    KnownReport("bear", "b1", 10, 10, asked("185.1.1.1", "185.1.1.2")),
    KnownReport("bear", "b2", 20, 20, asked("185.1.1.1")),
    KnownReport("kitten", "k1", 30, 30, asked("185.2.2.2", "185.1.1.2")),
]


def test_the_table_that_is_learnt_from_gives_the_probabilities_of_the_product() -> None:
    model = read_indicator_model()
    profiles = build_profiles(KNOWN)
    question = learn_indicators.Question(asked("185.1.1.1", "185.9.9.9"), 40, 0, 40)
    table = learn_indicators.tabulate([question], profiles, model.settings)
    weights = np.array([*(model.candidate[name] for name in CANDIDATE), *(model.unknown[name] for name in UNKNOWN)])
    learnt = learn_indicators.probabilities(table, weights / DECIBANS, floor=True)[0]
    told = score(features(question.indicators, profiles, question.day, model.settings), model).raw
    assert learnt == pytest.approx(told, abs=1e-5)


@pytest.mark.parametrize("name", sorted(baselines.METHODS))
def test_every_other_method_finds_who_shares_and_sees_only_what_is_older(name: str) -> None:
    questions = [(asked("185.2.2.2"), 40), (asked("185.2.2.2"), 25), (asked("185.1.1.1"), 40)]
    guesses = baselines.guesses(KNOWN, ["bear", "kitten"], questions, 35)[name]
    assert [each.leader for each in guesses] == [1, 0, 0]  # before day 30 nobody shares it: the busiest comes first


def test_half_years_before_a_test() -> None:
    spans = [tuple(date.fromordinal(day).isoformat() for day in span) for span in learn_indicators.half_years(2023)]
    assert spans == [
        ("2021-01-01", "2021-07-01"),
        ("2021-07-01", "2022-01-01"),
        ("2022-01-01", "2022-07-01"),
        ("2022-07-01", "2023-01-01"),
    ]


def test_the_model_is_written_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    model = read_indicator_model()
    monkeypatch.setattr(benchmark, "MODEL", tmp_path / "model.toml")
    benchmark.write(model)
    assert msgspec.toml.decode((tmp_path / "model.toml").read_bytes(), type=type(model)) == model
