"""Graph and map of a link: every value once, the discount visible, the verdict in the lines, nothing out of bounds."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.report import link_charts, svg
from consilience.report.catalogue import LANGUAGES
from consilience.report.forms import decibans
from consilience.report.link_charts import MapRow, SharedMark, link_graph, weight_map
from consilience.report.svg import Frame
from svg_checks import FRAME, OUTSIDE, SVG, marks, parsed, texts

SHARED = [SharedMark("203.0.113.0/24", 13.0, 13.0), SharedMark("198.51.100.0/24", 2.0, 14.9)]
WEIGHTS = st.floats(-40, 60).map(lambda weight: round(weight, 2))


def lines(root: ElementTree.Element) -> list[ElementTree.Element]:
    return list(root.iter(f"{SVG}line"))


def inside(root: ElementTree.Element) -> bool:
    """Return whether every shape lies in the drawing; texts of the size given are taken to be as wide as estimated."""
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    shapes = [[float(each.attrib[name]) for name in ("x", "y", "width", "height")] for each in root.iter(f"{SVG}rect")]
    rows = [float(each.attrib["y"]) for each in root.iter(f"{SVG}text")]
    return all(0 <= x <= x + w <= width and 0 <= y <= y + h <= height for x, y, w, h in shapes) and all(
        0 < y <= height for y in rows
    )


# --- graph --------------------------------------------------------------------------------------------------------


def test_the_graph_draws_each_value_once_between_the_two_clusters() -> None:
    root = parsed(link_graph("Gamaredon", "Lazarus", SHARED, "link", FRAME))
    assert len(marks(root)) == 2
    assert len(lines(root)) == 4
    assert {"Gamaredon", "Lazarus", "203.0.113.0/24", "198.51.100.0/24"} <= set(texts(root))
    strong, weak = lines(root)[0], lines(root)[2]
    assert float(strong.attrib["stroke-width"]) > float(weak.attrib["stroke-width"])


VERDICTS = [
    # what the overlap amounts to, dashes of its lines, whether they are blue
    ("link", None, True),
    ("lead", "9 6", True),
    ("chance", "0.1 7", False),
    ("more", "0.1 7", False),
]


@pytest.mark.parametrize(("verdict", "dashes", "blue"), VERDICTS)
def test_the_verdict_shows_in_dashes_as_well_as_in_colour(verdict: str, dashes: str | None, blue: bool) -> None:
    drawn = lines(parsed(link_graph("A", "B", SHARED, verdict, FRAME)))
    assert {line.attrib.get("stroke-dasharray") for line in drawn} == {dashes}
    assert {line.attrib["stroke"] for line in drawn} == {svg.FOR if blue else svg.QUIET}


def bars(mark: SharedMark) -> tuple[float, float]:
    """Return how wide the bar of what is left is drawn, and the dashed outline of what was taken; 0 for none."""
    root = parsed(link_graph("A", "B", [mark, SharedMark("most", 20.0, 20.0)], "link", FRAME))
    low = min(float(each.attrib["y"]) for each in root.iter(f"{SVG}rect") if each.attrib["height"] == "6")
    row = [each for each in root.iter(f"{SVG}rect") if float(each.attrib["y"]) == low]
    taken = [float(each.attrib["width"]) for each in row if "stroke-dasharray" in each.attrib]
    (left,) = [float(each.attrib["width"]) for each in row if "stroke-dasharray" not in each.attrib]
    return left, sum(taken)


DISCOUNTS = [
    # before, left: width of the bar and of the outline, of 320 for the 20 decibans of the heaviest
    (20.0, 20.0, 320, 0),
    (20.0, 5.0, 80, 240),
    (20.0, 0.0, 0, 320),
    (20.0, -3.0, 0, 320),  # a weight below zero has no bar; its figure says so
    (10.0, 5.0, 80, 80),
]


@pytest.mark.parametrize(("before", "left", "bar", "outline"), DISCOUNTS)
def test_the_discount_is_as_long_as_what_was_taken(before: float, left: float, bar: float, outline: float) -> None:
    assert bars(SharedMark("value", left, before)) == (bar, outline)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_box_says_the_weight_before_and_after_as_the_table_does(lang: str) -> None:
    frame = Frame("chart", FRAME.title, FRAME.description, lang)
    root = parsed(link_graph("A", "B", SHARED, "link", frame))
    assert f"{decibans(14.9, lang)} → {decibans(2.0, lang)} dB" in texts(root)
    assert f"{decibans(13.0, lang)} dB" in texts(root)


@pytest.mark.parametrize("number", [0, 1, 2, 12, 13, 30])
def test_the_graph_is_cut_at_its_limit_and_fits_any_number(number: int) -> None:
    shared = [SharedMark(str(index), 1.0, 2.0) for index in range(number)]
    root = parsed(link_graph("A", "B", shared, "lead", FRAME))
    assert len(marks(root)) == min(number, link_charts.GRAPH_MARKS)
    assert inside(root)


@given(st.lists(st.builds(SharedMark, st.text("ab별", max_size=80), WEIGHTS, WEIGHTS), max_size=14))
def test_nothing_of_the_graph_leaves_its_box(shared: list[SharedMark]) -> None:
    root = parsed(link_graph("One", "Other", shared, "link", FRAME))
    assert inside(root)
    for label, weight in zip(*[iter(root.iter(f"{SVG}text"))] * 2, strict=False):
        if label.attrib["text-anchor"] == "start":
            end = float(label.attrib["x"]) + svg.text_width(label.text or "")
            assert end <= float(weight.attrib["x"]) - svg.text_width(weight.text or "")


@pytest.mark.parametrize("text", OUTSIDE)
def test_text_from_outside_is_text(text: str) -> None:
    drawings = (
        link_graph(text, text, [SharedMark(text, 1.0, 2.0, "#E1")], "link", FRAME),
        weight_map([MapRow(text), MapRow(text, (1.0, None, -2.0))], [text, text, text], FRAME),
    )
    for drawing in drawings:
        parsed(drawing)
        assert "<script" not in drawing


# --- map ----------------------------------------------------------------------------------------------------------


def test_the_map_has_a_cell_for_each_figure_and_none_where_a_step_took_nothing() -> None:
    rows = [MapRow("network: 4 shared"), MapRow("203.0.113.0/24", (14.9, -11.1, 3.8)), MapRow("x", (14.9, None, 14.9))]
    root = parsed(weight_map(rows, ["Before", "Shared host", "Left"], FRAME))
    assert len(marks(root)) == 5
    assert texts(root).count("+14.90") == 3
    assert {"\u221211.10", "+3.80", "Before", "Shared host", "Left", "network: 4 shared"} <= set(texts(root))


def test_what_takes_away_is_dashed_and_has_a_minus_as_well_as_another_colour() -> None:
    before, taken, left = marks(parsed(weight_map([MapRow("x", (10.0, -4.0, 6.0))], ["b", "t", "l"], FRAME)))
    assert "stroke-dasharray" in taken.attrib
    assert "stroke-dasharray" not in before.attrib | left.attrib
    assert taken.attrib["fill"] not in (before.attrib["fill"], left.attrib["fill"])


def darkness(cell: ElementTree.Element) -> int:
    return -sum(int(cell.attrib["fill"][at : at + 2], 16) for at in (1, 3, 5))


@given(st.lists(st.floats(0, 60), min_size=2, max_size=6))
def test_the_more_a_cell_weighs_the_darker_it_is(weights: list[float]) -> None:
    cells = marks(parsed(weight_map([MapRow("x", tuple(weights))], ["h"] * len(weights), FRAME)))
    shades = [darkness(cell) for _, cell in sorted(zip(weights, cells, strict=True), key=lambda each: each[0])]
    assert shades == sorted(shades)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@given(WEIGHTS, WEIGHTS)
def test_the_figure_in_a_cell_has_the_contrast_of_wcag_aa(one: float, other: float) -> None:
    for cell in marks(parsed(weight_map([MapRow("x", (one, other))], ["a", "b"], FRAME))):
        light, dark = luminance(cell.attrib["fill"]), luminance(svg.INK)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@given(
    st.lists(
        st.one_of(
            st.builds(MapRow, st.text("ab 별", max_size=300)),
            st.builds(MapRow, st.text("ab.별", max_size=80), st.tuples(WEIGHTS, st.none() | WEIGHTS, WEIGHTS)),
        ),
        max_size=20,
    )
)
def test_nothing_of_the_map_leaves_the_drawing(rows: list[MapRow]) -> None:
    root = parsed(weight_map(rows, ["Before", "Taken", "Left"], FRAME))
    assert inside(root)
    assert len(marks(root)) == sum(cell is not None for row in rows for cell in row.cells)
    for label in root.iter(f"{SVG}text"):
        if label.attrib["text-anchor"] == "end":
            assert svg.text_width(label.text or "") <= float(label.attrib["x"])
