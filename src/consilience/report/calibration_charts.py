"""Drawings of a record: stated against right, and wrong answers by coverage, one panel for each part of the cases.

Pure functions of values that are already worded (``svg`` holds what every drawing needs). Each has a table twin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from markupsafe import Markup

from consilience.report import svg
from consilience.report.forms import share

PANELS_IN_ROW: Final = 4
_SIDE: Final = 160.0
_LEFT: Final = 46.0
_STEP: Final = 212.0
_TOP: Final = 34.0
_ROW: Final = 236.0
_TICKS: Final = (0.0, 0.5, 1.0)


class CurveMark(msgspec.Struct, frozen=True):
    """A point at (``x``, ``y``) from 0 to 1 with the bounds of its interval; ``text`` is what a pointer shows."""

    x: float
    y: float
    low: float
    high: float
    text: str


class Panel(msgspec.Struct, frozen=True):
    """One square: what its cases are, and their points from left to right."""

    label: str
    marks: tuple[CurveMark, ...]


def reliability_panels(panels: Sequence[Panel], axes: tuple[str, str], frame: svg.Frame) -> Markup:
    """Return stated (x) against right (y), each point with its interval; on the dashed diagonal both are equal.

    ``axes`` are the words for x and y.
    """
    return _panels(panels, axes, frame, _reliability)


def risk_panels(panels: Sequence[Panel], axes: tuple[str, str], frame: svg.Frame) -> Markup:
    """Return the share of wrong answers (y) by the share of cases answered (x), the surest first."""
    return _panels(panels, axes, frame, _risk)


_Place = Callable[[float, float], tuple[float, float]]


def _panels(
    panels: Sequence[Panel], axes: tuple[str, str], frame: svg.Frame, draw: Callable[[Panel, _Place], list[Markup]]
) -> Markup:
    parts: list[Markup] = []
    for index, panel in enumerate(panels):
        row, column = divmod(index, PANELS_IN_ROW)
        left, top = _LEFT + _STEP * column, _TOP + _ROW * row

        def place(x: float, y: float, left: float = left, top: float = top) -> tuple[float, float]:
            return left + x * _SIDE, top + (1.0 - y) * _SIDE

        parts += _square(panel, axes, place, frame.lang)
        parts += draw(panel, place)
    rows = -(-len(panels) // PANELS_IN_ROW)
    return svg.drawing(frame, _LEFT + _STEP * min(len(panels), PANELS_IN_ROW) - 4, _ROW * rows, parts)


def _square(panel: Panel, axes: tuple[str, str], place: _Place, lang: str) -> list[Markup]:
    left, top = place(0.0, 1.0)
    box = Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}"/>')
    parts = [
        svg.text(left, top - 8, svg.fitted(panel.label, _SIDE + 48), 12, "start", svg.INK, bold=True),
        box.format(svg.place(left), svg.place(top), svg.place(_SIDE), svg.place(_SIDE), "#fff", svg.RULE),
        svg.text(left + _SIDE / 2, top + _SIDE + 34, axes[0], 12, "middle", svg.QUIET),
    ]
    for tick in _TICKS:
        x, y = place(tick, tick)
        parts.append(svg.text(x, top + _SIDE + 17, share(tick, lang), 12, "middle", svg.QUIET))
        parts.append(svg.text(left - 5, y + 4, share(tick, lang), 12, "end", svg.QUIET))
    middle = place(0.5, 0.0)[0], place(0.5, 0.0)[1]
    parts += [svg.line(left, place(0.0, 0.5)[1], left + _SIDE, place(0.0, 0.5)[1], svg.PALE)]
    parts += [svg.line(middle[0], top, middle[0], middle[1], svg.PALE)]
    parts.append(svg.text(left + 4, top + 14, axes[1], 12, "start", svg.QUIET))
    return parts


def _reliability(panel: Panel, place: _Place) -> list[Markup]:
    (x1, y1), (x2, y2) = place(0.0, 0.0), place(1.0, 1.0)
    dashed = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-dasharray="4 3"/>')
    parts = [dashed.format(*map(svg.place, (x1, y1, x2, y2)), svg.QUIET)]
    for mark in panel.marks:
        x, low = place(mark.x, mark.low)
        parts.append(svg.line(x, low, x, place(mark.x, mark.high)[1], svg.FOR))
    return parts + _points(panel, place)


def _risk(panel: Panel, place: _Place) -> list[Markup]:
    return _polyline(panel, place) + _points(panel, place)


def _polyline(panel: Panel, place: _Place) -> list[Markup]:
    if len(panel.marks) < 2:
        return []
    steps = " L".join(f"{svg.place(x)} {svg.place(y)}" for x, y in (place(mark.x, mark.y) for mark in panel.marks))
    return [Markup('<path d="M{}" fill="none" stroke="{}"/>').format(steps, svg.FOR)]


def _points(panel: Panel, place: _Place) -> list[Markup]:
    point = Markup('<circle class="mark" cx="{}" cy="{}" r="3" fill="{}"><title>{}</title></circle>')
    return [point.format(*map(svg.place, place(mark.x, mark.y)), svg.FOR, mark.text) for mark in panel.marks]
