"""Drawings of a link: what two clusters share as a graph, and what became of each weight as a map.

Pure functions of values that are already worded (``svg`` holds what every drawing needs). The discount shows as an
outline of the weight before it around the bar of what is left, and as a cell of its own in the map. Colour is never
the only sign: what takes away is also dashed and has a minus sign, and what an overlap amounts to shows in the dashes
of its lines. Both are cut at a stated number (:data:`GRAPH_MARKS`; the map by its caller), which the caller announces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from markupsafe import Markup

from consilience.report import svg
from consilience.report.forms import decibans

GRAPH_MARKS: Final = 12

_DASHED: Final = "#6b2f00"
_BOX: Final = 340.0
_PENS: Final = {
    "link": (Markup(""), svg.FOR),
    "lead": (Markup(' stroke-dasharray="9 6"'), svg.FOR),
}
_CHANCE_PEN: Final = (Markup(' stroke-dasharray="0.1 7" stroke-linecap="round"'), svg.QUIET)


class SharedMark(msgspec.Struct, frozen=True):
    """A shared observable in the graph of a link: its weight in decibans ``before`` all discounts and after them."""

    label: str
    decibans: float
    before: float
    href: str = ""


class MapRow(msgspec.Struct, frozen=True):
    """A row of the map: ``cells`` are decibans, ``None`` where the column has nothing to say.

    A row without cells is a heading over those that follow.
    """

    label: str
    cells: tuple[float | None, ...] = ()


def link_graph(one: str, other: str, marks: Sequence[SharedMark], verdict: str, frame: svg.Frame) -> Markup:
    """Return the graph of a link: two clusters and what they share between them.

    ``verdict`` is what the overlap amounts to: its lines are solid for a ``link``, dashed for a ``lead``, else dotted
    and grey, whatever a single value would be worth. Line width goes by the weight that is left, and the bar under each
    value shows it inside the outline of the weight before discounts. At most :data:`GRAPH_MARKS` marks are drawn, in
    the order given.
    """
    marks = marks[:GRAPH_MARKS]
    width, step, top = 800, 46, 6
    middle = top + step * max(len(marks), 2) / 2
    height = max(middle * 2 + 14, middle + 68)
    pen, colour = _PENS.get(verdict, _CHANCE_PEN)
    most = max([1.0, *(mark.before for mark in marks), *(mark.decibans for mark in marks)])
    first = middle - step * len(marks) / 2
    parts: list[Markup] = []
    for index, mark in enumerate(marks):
        y = first + step * (index + 0.5)
        thick = min(1.4 + max(mark.decibans, 0.0) / 6.0, 6.0)
        for end, edge in ((96, (width - _BOX) / 2), (width - 96, (width + _BOX) / 2)):
            parts.append(
                Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"{}/>').format(
                    end, svg.place(middle), svg.place(edge), svg.place(y), colour, svg.place(thick), pen
                )
            )
        parts.append(svg.linked(_graph_box(mark, y, width / 2, most, colour, frame.lang), mark.href))
    for end, name in ((96, one), (width - 96, other)):
        parts.append(Markup('<circle cx="{}" cy="{}" r="26" fill="{}"/>').format(end, svg.place(middle), svg.FOR))
        for index, line in enumerate(svg.wrapped(name, 20, 2)):
            halo = Markup('<g stroke="#fff" stroke-width="5" stroke-linejoin="round" paint-order="stroke">{}</g>')
            name_of = svg.text(end, middle + 44 + 15 * index, svg.fitted(line, 180), 13, "middle", svg.INK, bold=True)
            parts.append(halo.format(name_of))
    return svg.drawing(frame, width, height, parts, linked=any(mark.href for mark in marks))


def _graph_box(mark: SharedMark, y: float, middle: float, most: float, colour: str, lang: str) -> Markup:
    """Return a shared value with its weights, and the bar of what is left inside the outline of what there was."""
    left, room = middle - _BOX / 2, _BOX - 20
    weights = f"{decibans(mark.before, lang)} → {decibans(mark.decibans, lang)} dB"
    if round(mark.before - mark.decibans, 2) == 0:
        weights = f"{decibans(mark.decibans, lang)} dB"
    label = svg.fitted(mark.label, _BOX - 24 - svg.text_width(weights))
    before, after = (max(weight, 0.0) / most * room for weight in (mark.before, mark.decibans))
    box = Markup('<rect class="mark" x="{}" y="{}" width="{}" height="38" rx="3" fill="#fff" stroke="{}"/>')
    parts = [
        box.format(svg.place(left), svg.place(y - 19), svg.place(_BOX), colour),
        svg.text(left + 8, y - 2, label, 12, "start", svg.INK),
        svg.text(left + _BOX - 8, y - 2, weights, 12, "end", svg.INK),
        Markup('<rect x="{}" y="{}" width="{}" height="6" fill="{}"/>').format(
            svg.place(left + 10), svg.place(y + 6), svg.place(after), colour
        ),
    ]
    if before > after + 2:
        outline = Markup('<rect x="{}" y="{}" width="{}" height="6" fill="#fff" stroke="{}" stroke-dasharray="3 2"/>')
        taken = svg.place(left + 10 + after), svg.place(y + 6), svg.place(before - after)
        parts.append(outline.format(*taken, svg.AGAINST))
    return Markup("").join(parts)


def weight_map(rows: Sequence[MapRow], heads: Sequence[str], frame: svg.Frame) -> Markup:
    """Return a map of weights: a row a value, a column a step, each cell with its figure and shaded by it.

    Blue cells weigh for a link; orange cells with a dashed edge and a minus sign take away. Every row with cells has as
    many as there are ``heads``.
    """
    left, width, step, top = 236.0, 800.0, 26, 52
    room = (width - left) / max(len(heads), 1)
    most = max([1.0, *(abs(cell) for row in rows for cell in row.cells if cell)])
    parts: list[Markup] = []
    for index, head in enumerate(heads):
        lines = svg.wrapped(head, max(int(room / 6.2), 6), 3)
        for number, line in enumerate(lines):
            y = top - 8 - 14 * (len(lines) - 1 - number)
            last = index + 1 == len(heads)
            parts.append(svg.text(left + room * (index + 0.5), y, line, 12, "middle", svg.QUIET, bold=last))
    at = float(top)
    for row in rows:
        if not row.cells:
            for line in svg.wrapped(row.label, 106, 2):
                parts.append(svg.text(0, at + 19, svg.fitted(line, 690), 12, "start", svg.INK, bold=True))
                at += 17
            at += step - 17
            continue
        parts.append(svg.text(left - 8, at + 17, svg.fitted(row.label, left - 12), 12, "end", svg.INK))
        for index, cell in enumerate(row.cells):
            parts.append(_map_cell(cell, left + room * index, at, room, most, frame.lang))
        at += step
    return svg.drawing(frame, width, at + 4, parts)


def _map_cell(cell: float | None, x: float, y: float, room: float, most: float, lang: str) -> Markup:
    if cell is None:
        return Markup("")
    share = min(abs(cell) / most, 1.0)
    base = svg.FOR if cell >= 0 else svg.AGAINST
    edge = (
        Markup(' stroke="{}" stroke-dasharray="4 3"').format(_DASHED)
        if cell < 0
        else Markup(' stroke="{}"').format(svg.RULE)
    )
    rect = Markup('<rect class="mark" x="{}" y="{}" width="{}" height="22" fill="{}"{}/>').format(
        svg.place(x + 2), svg.place(y + 2), svg.place(room - 4), _mixed(base, 0.6 * share), edge
    )  # no darker than leaves ink at a contrast of 5 to 1
    return rect + svg.text(x + room / 2, y + 17, decibans(cell, lang), 12, "middle", svg.INK)


def _mixed(colour: str, share: float) -> str:
    """Return ``colour`` thinned with white: all of it for a share of 1, white for 0."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * share):02x}" for part in parts)
