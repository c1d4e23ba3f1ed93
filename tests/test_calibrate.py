"""``consilience calibrate``: settled cases asked again in order of date, and the page that says how it went."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from consilience.app.adding import Told
from consilience.app.calibrating import record_of_reports, write_pages
from consilience.app.settings import Settings
from consilience.app.use_cases import add_paths
from consilience.attribution.candidates import BANDS, FEW, LARGEST
from consilience.attribution.profiles import UNDATED, KnownReport
from consilience.attribution.reliability import ALL, FAMILY, YEAR, Calibration, PartFigures, figures, strength_rows
from consilience.attribution.settled import RESEMBLANCE, SettledAnswer, settled_answers
from consilience.attribution.traces import indicators
from consilience.cli.calibrate import calibrate
from consilience.cli.output import Console, ExitCode
from consilience.errors import StoreError
from consilience.inference.calibration import accuracy_at, brier, calibration_error
from consilience.inference.proportion import share_of
from consilience.knowledge.indicator_model import read_indicator_model
from consilience.knowledge.settled_record import ANY, SettledRecord, StrengthRow, read_settled_record
from consilience.report.calibration_page import render_html, render_markdown, render_picture, summary
from consilience.report.catalogue import LANGUAGES
from consilience.report.record_sentence import limit_sentence, record_sentence

MODEL = read_indicator_model()
NAMES = ("bear", "kitten", "panda")


def a_list(name: str, years: range) -> str:
    """Return an indicator list of a group: six reports a year, each with a host of its own and one domain in all."""
    lines = []
    for year in years:
        for at in range(6):
            reference = f"https://vendor.example/{year}/{1 + 2 * at:02}/{3 + len(name):02}/{name}"
            lines += [f"# Reference: {reference}", "", f"{name}-{year}-{at}.{name}-service.com", ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Settings:
    folder = tmp_path_factory.mktemp("calibrate")
    return fill(folder, cache, {name: a_list(name, range(2021, 2025)) for name in NAMES})


def fill(folder: Path, cache: Path, lists: dict[str, str]) -> Settings:
    given_lists = folder / "lists"
    given_lists.mkdir()
    for name, text in lists.items():
        (given_lists / f"apt_{name}.txt").write_text(text, encoding="utf-8")
    where = Settings(workspace=folder / "workspace", cache=cache)
    add_paths(where, [given_lists], Told(source="maltrail"))
    return where


def run(where: Settings, page: Path, *, as_json: bool = False) -> Result:
    return CliRunner().invoke(
        calibrate, ["--out", str(page)], obj=Console(where, as_json), standalone_mode=False, catch_exceptions=False
    )


def report(cluster: str, name: str, day: date | None, *values: str) -> KnownReport:
    asked = indicators(("ipv4-addr" if each[0].isdigit() else "domain-name", each, "") for each in values)
    at = day.toordinal() if day else UNDATED
    return KnownReport(cluster, name, at, at, asked, "vendor")


def said(
    stated: float, right: bool, band: str = LARGEST, day: date = date(2024, 1, 1), *families: str
) -> SettledAnswer:
    return SettledAnswer(
        day=day.toordinal(),
        stated=stated,
        right=right,
        named=stated >= 0.5,
        band=band,
        truth_band=band if right else FEW,
        families=families or (RESEMBLANCE,),
    )


# Settled cases


BEFORE = [report("Bear", f"old {at}", date(2020, 1, 1 + at), f"bear-host-{at}.example.net") for at in range(12)]


def test_a_case_sees_only_what_is_older_and_is_answered_once() -> None:
    later = report("Kitten", "later", date(2024, 5, 1), "kitten-service.com")
    same_day = report("Kitten", "same day", date(2024, 5, 1), "www.kitten-service.com")
    after = report("Kitten", "after", date(2024, 5, 2), "mail.kitten-service.com")
    answers = list(settled_answers([after, *BEFORE, later, same_day], MODEL))
    assert [each.day for each in answers] == sorted(each.day for each in answers)
    assert len(answers) == len(BEFORE) + 2  # nothing stood before the first
    assert [each.right for each in answers[-3:]] == [False, False, True]
    assert answers[-1].families == ("names",)
    assert answers[-2].families == (RESEMBLANCE,)
    assert answers[-2].truth_band == FEW  # Kitten had no report yet


def test_undated_reports_are_neither_asked_about_nor_seen() -> None:
    asked = report("Kitten", "asked", date(2024, 5, 1), "kitten-service.com")
    undated = report("Kitten", "when?", None, "kitten-service.com", "kitten-other.com")
    assert list(settled_answers([*BEFORE, asked, undated], MODEL)) == list(settled_answers([*BEFORE, asked], MODEL))


def test_a_copy_does_not_give_the_answer_away() -> None:
    values = [f"kitten-host-{at}.com" for at in range(6)]
    first = report("Kitten", "first", date(2023, 5, 1), *values)
    copy = report("Kitten", "copy", date(2024, 5, 1), *values[:5], values[5], "www." + values[5])
    fresh = report("Kitten", "fresh", date(2024, 5, 1), values[0])
    *_, of_copy = settled_answers([*BEFORE, first, copy], MODEL)
    *_, of_fresh = settled_answers([*BEFORE, first, fresh], MODEL)
    assert of_copy.families == (RESEMBLANCE,)
    assert of_fresh.families == ("names",)
    assert of_fresh.right


def test_the_order_of_reports_does_not_matter() -> None:
    more = [
        report("Kitten", f"k {at}", date(2021, 1 + at, 2), "kitten-service.com", f"192.0.2.{at}") for at in range(5)
    ]
    forwards, backwards = ([*BEFORE, *more], [*more[::-1], *BEFORE[::-1]])
    assert list(settled_answers(forwards, MODEL)) == list(settled_answers(backwards, MODEL))


# Figures


ANSWERS = [
    said(0.97, True, LARGEST, date(2023, 2, 1), "addresses", "names"),
    said(0.99, True, LARGEST, date(2023, 3, 1), "names"),
    said(0.96, False, FEW, date(2024, 3, 1), "names"),
    said(0.60, True, FEW, date(2024, 4, 1)),
    said(0.30, False, FEW, date(2024, 5, 1)),
]


def part(found: tuple[PartFigures, ...], kind: str, name: str) -> PartFigures:
    return next(each for each in found if (each.kind, each.name) == (kind, name))


@pytest.mark.parametrize(
    ("kind", "name", "kept", "sure", "named"),
    [
        (ALL, ALL, [0, 1, 2, 3, 4], (2, 3), (3, 4)),
        ("band", LARGEST, [0, 1], (2, 2), (2, 2)),
        ("band", FEW, [2, 3, 4], (0, 1), (1, 2)),
        ("truth-band", FEW, [2, 3, 4], (0, 1), (1, 2)),
        (YEAR, "2023", [0, 1], (2, 2), (2, 2)),
        (FAMILY, "names", [0, 1, 2], (2, 3), (2, 3)),
        (FAMILY, "addresses", [0], (1, 1), (1, 1)),
        (FAMILY, RESEMBLANCE, [3, 4], (0, 0), (1, 1)),
    ],
)
def test_each_part_agrees_with_the_calibration_of_its_cases(
    kind: str, name: str, kept: list[int], sure: tuple[int, int], named: tuple[int, int]
) -> None:
    found = part(figures(ANSWERS), kind, name)
    stated = np.array([ANSWERS[at].stated for at in kept])
    right = np.array([ANSWERS[at].right for at in kept])
    assert found.brier == brier(stated, right)
    assert found.error.value == calibration_error(stated, right)
    assert (found.right.right, found.right.of) == (right.sum(), len(kept))
    assert (found.sure.right, found.sure.of) == sure
    assert (found.named.right, found.named.of) == named
    assert sum(each.right.of for each in found.curve) == len(kept)
    for point in found.coverage:
        assert 1.0 - point.risk == pytest.approx(accuracy_at(stated, right, point.coverage))


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans(), st.sampled_from(BANDS)), min_size=1, max_size=30))
def test_every_answer_is_in_one_row_of_the_record(rows: list[tuple[float, bool, str]]) -> None:
    answers = [said(*row) for row in rows]
    record = SettledRecord(data="", first_year=2024, last_year=2024, row=strength_rows(answers))
    assert sum(each.of for each in record.row) == len(answers)
    assert sum(each.right for each in record.row) == sum(each.right for each in answers)
    for each in answers:
        right, of = record.of(each.stated, each.band)
        assert 0 <= right <= of
        assert of > 0


def test_no_answer_has_no_figures() -> None:
    assert figures([]) == ()
    assert record_of_reports([], MODEL) is None


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    # z = 1.645; for 0 of n the upper bound is z²/(n + z²): computed by hand
    [(0, 10, 0.0, 0.213), (10, 10, 0.787, 1.0), (5, 10, 0.269, 0.731), (0, 0, 0.0, 1.0)],
)
def test_interval_of_a_share(right: int, of: int, low: float, high: float) -> None:
    found = share_of(right, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(("right", "of"), [(2, 1), (-1, 1)])
def test_a_share_of_more_than_all_is_refused(right: int, of: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        share_of(right, of)


# What a dossier cites


RECORD = SettledRecord(
    data="Lists",
    first_year=2023,
    last_year=2025,
    row=(StrengthRow(LARGEST, 0.95, 0.99, 47, 50), StrengthRow(FEW, 0.95, 0.99, 1, 2)),
)


@pytest.mark.parametrize(
    ("probability", "band", "lang", "expected"),
    [
        (
            0.97,
            LARGEST,
            "en",
            "Claims of this strength about one of the five largest clusters were right in 47 of 50 settled cases "
            "(Lists, 2023 to 2025).",
        ),
        (
            0.999,
            LARGEST,
            "fr",
            "Les affirmations de cette force sur l’un des cinq plus grands groupes étaient justes dans 47 cas réglés "
            "sur 50 (Lists, 2023 à 2025).",
        ),
        (
            0.96,
            ANY,
            "en",
            "Claims of this strength about a cluster of any size were right in 48 of 52 settled cases "
            "(Lists, 2023 to 2025).",
        ),
        (
            0.9,
            FEW,
            "en",
            "No settled case has a claim of this strength about a cluster with fewer than ten reports "
            "(Lists, 2023 to 2025).",
        ),
    ],
)
def test_the_record_in_words(probability: float, band: str, lang: str, expected: str) -> None:
    assert record_sentence(RECORD, probability, band, lang) == expected
    assert "indica" in limit_sentence(lang)


def test_the_shipped_record_counts_cases_after_what_was_learnt_on() -> None:
    shipped = read_settled_record()
    assert shipped.first_year >= MODEL.learnt.before
    assert {each.band for each in shipped.row} <= set(BANDS)
    assert all(0 <= each.right <= each.of for each in shipped.row)
    first = shipped.row[0]
    assert read_settled_record().of((first.low + first.high) / 2, first.band) == (first.right, first.of)
    with pytest.raises(ValueError, match="between 0 and 1"):
        read_settled_record().of(1.5, LARGEST)


# The page


def test_the_command_writes_every_page_and_prints_what_it_says(workspace: Settings, tmp_path: Path) -> None:
    ran = run(workspace, tmp_path / "page.html")
    assert ran.exit_code == 0
    assert ran.return_value == ExitCode.DONE
    written = {each.name for each in tmp_path.iterdir()}
    assert written == {f"page{lang}.{ending}" for lang in ("", ".fr") for ending in ("md", "html", "svg")}
    found = json.loads(run(workspace, tmp_path / "page.html", as_json=True).stdout)
    assert found["schema"] == "consilience-calibrate/1"
    record = found["calibration"]
    assert record["untuned"] is True
    assert record["cases"] == 36  # three groups, six reports in each of 2023 and 2024
    assert record["older"] == 35  # the first report of all has nothing before it
    assert record["reports"] == 72
    text = (tmp_path / "page.md").read_text("utf-8")
    whole = next(each for each in record["parts"] if each["kind"] == ALL)
    assert f"{whole['right']['right']} of {whole['right']['of']}" in text
    assert f"{whole['error']['value']:.3f}" in text
    assert "2022 (weights learnt on it)" in text
    assert "2024 (weights" not in text


def test_the_page_made_again_has_the_same_bytes(workspace: Settings, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(workspace, tmp_path / name / "calibration").return_value == ExitCode.DONE
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_cases_that_the_weights_may_know_are_said_to_be_such(tmp_path: Path, cache: Path) -> None:
    where = fill(tmp_path, cache, {name: a_list(name, range(2020, 2022)) for name in NAMES})
    ran = run(where, tmp_path / "page")
    assert ran.return_value == ExitCode.DONE
    assert f"There is no case from {MODEL.learnt.before} on." in " ".join(ran.stdout.split()).replace("· ", "")
    assert "weights learnt on it" not in (tmp_path / "page.md").read_text("utf-8")


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {"bear": "# Reference: https://vendor.example/bear\n\nbear-service.com\n"},
        {"bear": "# Reference: https://vendor.example/2024/05/01/bear\n\nbear-service.com\n"},
    ],
    ids=["nothing", "undated", "one report"],
)
def test_without_a_settled_case_nothing_is_written(lists: dict[str, str], tmp_path: Path, cache: Path) -> None:
    where = fill(tmp_path, cache, lists or {"kitten": "# nothing\n"})
    ran = run(where, tmp_path / "out" / "page")
    assert ran.return_value == ExitCode.NOTHING
    assert "nothing to calibrate on" in ran.stderr
    assert not (tmp_path / "out").exists()
    assert json.loads(run(where, tmp_path / "out" / "page", as_json=True).stdout)["calibration"] is None


def test_a_workspace_that_is_not_there_and_a_place_that_cannot_be_written(workspace: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        run(Settings(workspace=tmp_path / "none", cache=workspace.cache), tmp_path / "page")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        run(workspace, tmp_path / "file" / "page")


@pytest.fixture(scope="module")
def made() -> Calibration:
    more = [
        report("Kitten", f"k {at}", date(2023, 1 + at, 2), "kitten-service.com", f"192.0.2.{at}") for at in range(9)
    ]
    found = record_of_reports([*BEFORE, *more], MODEL, "Lists <b>")
    assert found is not None
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_html_and_markdown_say_the_same(made: Calibration, lang: str) -> None:
    html, markdown = render_html(made, lang), render_markdown(made, lang, "x.svg")
    for line in summary(made, lang):
        assert line in markdown
        assert line in html
    assert "<script" not in html
    assert "Lists &lt;b&gt;" in html
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>", html)
    assert len(rows) >= len(made.parts)
    assert not re.search(r"\{\{|\{%|None|nan", markdown)
    widths = [line.count("|") for line in markdown.splitlines() if line.startswith("|")]
    assert set(widths) == {3, 5, 12, 13}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_picture_has_a_mark_for_each_point_of_the_curves(made: Calibration, lang: str) -> None:
    root = ElementTree.fromstring(render_picture(made, lang))
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == sum(len(each.curve) for each in made.parts if each.kind in {ALL, "band"})


def test_pages_stand_beside_the_name_that_was_given(made: Calibration, tmp_path: Path) -> None:
    names = [path.name for path in write_pages(made, tmp_path / "v1.2")]
    assert names[:3] == ["v1.2.md", "v1.2.html", "v1.2.svg"]
