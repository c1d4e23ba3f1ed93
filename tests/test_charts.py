"""Charts: well-formed SVG, complete or announced, with title and description, and nothing from outside as markup."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.model.dates import PartialDate, Period, make_period
from consilience.report import charts, svg
from consilience.report.catalogue import LANGUAGES
from consilience.report.charts import Bar, Mark
from consilience.report.forms import short
from consilience.report.svg import Frame
from svg_checks import FRAME, OUTSIDE, SVG, marks, parsed

LANES = (("happened", "Happened"), ("said", "Said"), ("published", "Published"))


def bars(weights: list[float]) -> list[Bar]:
    """Return a prior of -3, one bar per weight, and the total."""
    out, at = [Bar("Before", 0.0, -3.0, "prior")], -3.0
    for number, weight in enumerate(weights, 1):
        out.append(Bar(f"E{number} item", at, round(at + weight, 2), "item", f"#E{number}"))
        at = out[-1].end
    return [*out, Bar("Total", 0.0, at, "total")]


# Waterfall


def test_every_bar_is_drawn_and_leads_to_its_card() -> None:
    root = parsed(charts.waterfall(bars([6.0, -2.5, 0.0]), FRAME))
    assert len(marks(root)) == 5
    assert [link.attrib["href"] for link in root.iter(f"{SVG}a")] == ["#E1", "#E2", "#E3"]
    assert root.attrib["role"] == "group"


def test_what_speaks_against_is_dashed_as_well_as_coloured() -> None:
    prior, up, down, total = marks(parsed(charts.waterfall(bars([6.0, -2.5]), FRAME)))
    assert "stroke-dasharray" in down.attrib
    assert all("stroke-dasharray" not in bar.attrib for bar in (prior, up, total))
    assert len({bar.attrib["fill"] for bar in (prior, up, down, total)}) == 4


def test_few_items_are_not_folded() -> None:
    given_ = bars([1.0] * charts.WATERFALL_BARS)
    assert charts.folded(given_, "rest") == (tuple(given_), 0)


@given(st.lists(st.floats(-20, 20).map(lambda value: round(value, 2)), max_size=40))
def test_folding_loses_nothing(weights: list[float]) -> None:
    given_ = bars(weights)
    drawn, small = charts.folded(given_, "rest")
    assert len(drawn) <= charts.WATERFALL_BARS + 2
    assert sum(bar.role == "item" for bar in drawn) + small == len(weights)
    assert sum(bar.weight for bar in drawn[:-1]) == pytest.approx(given_[-1].end, abs=0.2)
    for before, after in itertools.pairwise(drawn[:-1]):
        assert after.start == pytest.approx(before.end)
    assert drawn[-1] == given_[-1]


@given(st.lists(st.floats(-40, 40), max_size=12))
def test_bars_stay_inside_the_drawing(weights: list[float]) -> None:
    root = parsed(charts.waterfall(bars(weights), FRAME))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    for bar in marks(root):
        x, y, w, h = (float(bar.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width + 2
        assert 0 <= y <= y + h <= height


def test_a_long_label_is_shortened_and_says_so() -> None:
    label = "E1 " + "a very long description of what a source has said " * 4
    root = parsed(charts.waterfall([Bar(label, 0, 3, "item"), Bar("Total", 0, 3, "total")], FRAME))
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert any(text.endswith("…") for text in texts)
    assert max(map(len, texts)) <= 44


# Interval bar


@pytest.mark.parametrize(
    ("low", "high", "point"),
    [
        (0.8, 0.95, 0.88),
        (0.0, 0.05, 0.003),
        (0.95, 1.0, 0.999),
        (0.55, 0.75, 0.78),
    ],
)
def test_interval_bar_shows_range_and_figure(low: float, high: float, point: float) -> None:
    root = parsed(charts.interval_bar(low, high, point, FRAME))
    texts = {(element.text or "").replace("\u00a0", " ") for element in root.iter(f"{SVG}text")}
    assert {f"{low * 100:.0f}", f"{high * 100:.0f}"} <= texts
    assert charts.percent(point, "en").replace("\u00a0", " ") in texts
    (block,) = marks(root)
    assert float(block.attrib["width"]) == pytest.approx((high - low) * 396, abs=0.1)
    assert root.attrib["role"] == "img"


# Timeline


def drawn(*periods: Period, lang: str = "en") -> ElementTree.Element:
    given_ = [Mark(number, "said", period, "words") for number, period in enumerate(periods, 1)]
    return parsed(charts.timeline(given_, LANES, Frame("chart", FRAME.title, FRAME.description, lang)))


def test_a_day_is_a_dot_and_a_vaguer_date_is_a_band_as_wide_as_it_is_vague() -> None:
    shapes = marks(drawn(make_period("2022-07-15"), make_period("2021-03"), make_period("2020")))
    assert sorted(shape.tag.removeprefix(SVG) for shape in shapes) == ["circle", "rect", "rect"]
    widths = sorted(float(shape.attrib["width"]) for shape in shapes if shape.tag == f"{SVG}rect")
    assert widths[1] / widths[0] == pytest.approx(366 / 31, rel=0.02)


def test_undated_marks_are_not_drawn_and_without_dates_nothing_is() -> None:
    assert len(marks(drawn(Period(), make_period("2022")))) == 1
    assert charts.timeline([Mark(1, "said", Period(), "x")], LANES, FRAME) == ""


def test_the_events_of_one_day_are_one_mark_with_all_their_numbers() -> None:
    days = ["2022-07-15", "2022-07-15T00:00:00Z", "2022-07-20", "2022-07-15", "2022-07-15"]
    given_ = [Mark(number, "said", make_period(day), "words", f"who {number}") for number, day in enumerate(days, 1)]
    root = parsed(charts.timeline(given_, LANES, FRAME))
    assert len(marks(root)) == 2
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"1–2, 4–5 who 1 · who 2 · who 4 · who 5", "3 who 3"} <= texts
    assert {link.attrib["href"] for link in root.iter(f"{SVG}a")} == {"#t-1", "#t-3"}


def spread(element: ElementTree.Element) -> tuple[float, float]:
    """Return from where to where a label of 12 px reaches."""
    x, wide = float(element.attrib["x"]), svg.text_width(element.text or "")
    begin = {"start": x, "end": x - wide, "middle": x - wide / 2}[element.attrib["text-anchor"]]
    return begin, begin + wide


@given(st.lists(st.tuples(st.integers(0, 400), st.text("abcé 별", max_size=90)), min_size=1, max_size=25))
def test_labels_stay_inside_and_never_cover_one_another(events: list[tuple[int, str]]) -> None:
    given_ = [
        Mark(number, "said", make_period((date(2022, 1, 1) + timedelta(day)).isoformat()), "words", label)
        for number, (day, label) in enumerate(events, 1)
    ]
    root = parsed(charts.timeline(given_, LANES, FRAME))
    rows: dict[str, list[tuple[float, float]]] = {}
    for link in root.iter(f"{SVG}a"):
        (label,) = link.iter(f"{SVG}text")
        rows.setdefault(label.attrib["y"], []).append(spread(label))
    for labels in rows.values():
        assert all(begin >= 100 and end <= 861 for begin, end in labels)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(sorted(labels)))


def test_marks_that_would_cover_one_another_stand_in_rows() -> None:
    heights = {shape.attrib["y"] for shape in marks(drawn(*(make_period(f"2022-0{month}") for month in (1, 5, 9))))}
    assert len(heights) == 1
    across = [make_period("2022-01-01", "2022-12-31"), make_period("2022-06-15"), make_period("2022")]
    assert len({shape.attrib.get("y", shape.attrib.get("cy")) for shape in marks(drawn(*across))}) == 2


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2022-07-15", "2022-07-16"),
        ("2022-07-01", "2022-09-30"),
        ("2020", "2026"),
        ("1990", "2026"),
        ("0001", "9999"),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_time_axis_has_a_few_round_ticks(first: str, last: str, lang: str) -> None:
    root = drawn(make_period(first), make_period(last), lang=lang)
    axis = [element.text or "" for element in root.iter(f"{SVG}text") if element.attrib["text-anchor"] == "middle"]
    assert 1 <= len(axis) <= 18
    assert len(set(axis)) == len(axis)


# Text from outside


@pytest.mark.parametrize("text", OUTSIDE)
def test_text_from_outside_is_text(text: str) -> None:
    drawings = (
        charts.waterfall([Bar(text, 0, 3, "item", "#E1"), Bar("Total", 0, 3, "total")], FRAME),
        charts.timeline([Mark(1, "said", Period(PartialDate("2022")), text)], LANES, FRAME),
    )
    for drawing in drawings:
        parsed(drawing)
        assert "<script" not in drawing


@given(st.text(max_size=120), st.integers(8, 50), st.integers(1, 3))
def test_wrapping_keeps_the_words_and_the_bounds(text: str, width: int, lines: int) -> None:
    got = svg.wrapped(text, width, lines)
    assert 1 <= len(got) <= lines
    assert all(len(line) <= width for line in got)
    joined = " ".join(" ".join(got).split())
    if not joined.endswith("…"):
        assert joined.replace(" ", "") == "".join(text.split())
    assert short(text, width) == text or len(text) > width


@given(st.text("aé별 ", max_size=200), st.floats(13, 400))
def test_fitting_keeps_what_fits_and_cuts_the_rest(text: str, room: float) -> None:
    got = svg.fitted(text, room)
    assert svg.text_width(got) <= room
    assert got == text if svg.text_width(text) <= room else got.endswith("…")
