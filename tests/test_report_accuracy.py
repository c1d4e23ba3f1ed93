"""The benchmark of report texts on texts that it has never seen: what is worked out by hand comes out."""

import sys

import numpy as np
import pytest

from conftest import ROOT
from invented_reports import report

sys.path.insert(0, str(ROOT / "bench"))
sys.path.insert(0, str(ROOT / "bench" / "accuracy"))

import masking
import open_set
import report_baselines
import reports

ACTORS = {"Turla": "Heron", "Gamaredon": "Lynx", "OilRig": "Otter", "Sandworm": "Stoat"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Seven reports of each actor that name it twice, the last a copy of the first; and seven more of Turla."""
    folder = tmp_path_factory.mktemp("texts")
    for place, (actor, words) in enumerate(ACTORS.items()):
        (folder / actor).mkdir()
        for number in range(14 if actor == "Turla" else 7):
            text = f"{actor} again, and {actor}. {report(words, 100 * place + (0 if number == 6 else number))}"
            (folder / actor / f"{number}.txt").write_text(text, encoding="utf-8")
    (folder / "Turla" / "13.txt").write_text(f"snake. {report('Heron', 999)}", encoding="utf-8")
    return masking.read_texts(folder)


def test_names_are_masked_and_counted(texts):
    assert len(texts.names) == 35
    assert texts.hidden[masking.MASKED] == 68
    assert texts.classes[masking.MASKED] == {"actor": 68, "tool": 0, "country": 0, "publisher": 0}
    assert texts.hidden[masking.ORDINARY] > 68
    assert not any("turla" in text.lower() for text in texts.texts[masking.MASKED])


def test_copies_are_never_on_both_sides(texts):
    for _, learn, test in reports.outer_folds(texts, seeds=3):
        assert not {texts.copies[at] for at in learn} & {texts.copies[at] for at in test}
        assert len(learn) + len(test) == 35


def test_every_report_is_tested_once_in_a_seed(texts):
    tested = [(seed, at) for seed, _, test in reports.outer_folds(texts, seeds=2) for at in test.tolist()]
    assert sorted(tested) == [(seed, at) for seed in range(2) for at in range(35)]


def test_the_figures_of_methods_worked_out_by_hand(texts):
    methods = reports.methods(texts, masking.RAW)
    majority = reports.figures(reports.outcome(texts, methods[report_baselines.MAJORITY], 1), texts.copies)
    assert majority.accuracy.value == pytest.approx(14 / 35)
    assert majority.macro_f1 == pytest.approx(2 * 14 / (35 + 14) / 4)
    # The names give all away: Snake is a name of Turla.
    aliases = reports.figures(reports.outcome(texts, methods[report_baselines.ALIASES], 1), texts.copies)
    assert aliases.accuracy.value == 1.0
    assert np.isnan(aliases.error)


@pytest.mark.slow
def test_masked_texts_are_told_apart_by_their_words(texts):
    found = reports.outcome(texts, reports.methods(texts, masking.MASKED)[reports.OURS], 1)
    assert reports.figures(found, texts.copies).accuracy.value >= 33 / 35
    assert found.stated.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.slow
def test_an_actor_left_out_is_no_candidate_and_less_known(texts):
    asked = open_set.without_actor(texts, masking.MASKED, 3)
    known, unknown = ([one.probability for one in asked if one.known is each] for each in (True, False))
    assert (len(known), len(unknown)) == (21, 5 * 14)
    assert np.mean(known) > np.mean(unknown) + 0.2
    assert not any(one.right for one in asked if not one.known)


def test_without_the_data_nothing_is_measured(tmp_path):
    for benchmark in (reports, open_set):
        (row,) = benchmark.run(tmp_path / "nowhere")
        assert row.met is None
        assert "not measured" in row.figure
