"""Charts as SVG text: the weights waterfall, the interval bar and the timeline (those of a link: ``link_charts``).

Pure functions of values that are already worded; what every drawing holds is in ``svg``. What a chart leaves out is
decided here (:func:`folded`) and announced by the caller; every chart has a table twin. Colour is never the only sign:
what speaks against is also dashed and has a minus sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import msgspec
from markupsafe import Markup

from consilience.model.dates import PartialDate, Period, earliest, latest
from consilience.report import svg
from consilience.report.forms import date_text, decibans, percent, probability_of, short
from consilience.report.svg import Frame as Frame

WATERFALL_BARS: Final = 12


class Bar(msgspec.Struct, frozen=True):
    """A bar of the waterfall: from ``start`` to ``end`` in decibans of log-odds. ``href`` leads to its card.

    ``role`` is ``prior``, ``item``, ``rest`` (small items added up) or ``total``.
    """

    label: str
    start: float
    end: float
    role: str
    href: str = ""

    @property
    def weight(self) -> float:
        """The signed length of the bar in decibans."""
        return round(self.end - self.start, 2)


class Mark(msgspec.Struct, frozen=True):
    """An event on the timeline. ``number`` is its row in the table twin, ``text`` what a pointer shows.

    ``label`` is what stands beside the mark: who or what, in a few words.
    """

    number: int
    lane: str
    period: Period
    text: str
    label: str = ""


def folded(bars: Sequence[Bar], rest_label: str, limit: int = WATERFALL_BARS) -> tuple[tuple[Bar, ...], int]:
    """Return the bars to draw and how many items were added up into one.

    The prior comes first and the total last. Over ``limit`` items, the smallest by absolute weight are added up into
    one bar before the total, and the rest keep their order; totals run on without a gap.
    """
    items = [bar for bar in bars if bar.role == "item"]
    if len(items) <= limit:
        return tuple(bars), 0
    by_size = sorted(range(len(items)), key=lambda index: (-abs(items[index].weight), index))
    kept = set(by_size[: limit - 1])
    drawn: list[Bar] = []
    at = 0.0
    for bar in (bar for bar in bars if bar.role == "prior"):
        drawn.append(bar)
        at = bar.end
    for index, bar in enumerate(items):
        if index in kept:
            drawn.append(msgspec.structs.replace(bar, start=at, end=round(at + bar.weight, 2)))
            at = drawn[-1].end
    total = bars[-1]
    drawn.append(Bar(rest_label, at, total.end, "rest"))
    drawn.append(total)
    return tuple(drawn), len(items) - len(kept)


def waterfall(bars: Sequence[Bar], frame: Frame) -> Markup:
    """Return the waterfall: one row per bar, an axis in decibans with the probability that each tick stands for."""
    left, right, top, row = 318, 92, 46, 36
    width = 800
    ends = [0.0, *(bar.start for bar in bars), *(bar.end for bar in bars)]
    low, high = min(ends), max(ends)
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    scale = (width - left - right) / ((high - low) or 1.0)
    height = top + row * len(bars) + 8

    def x(value: float) -> float:
        return left + (value - low) * scale

    parts = []
    for tick in ticks:
        parts.append(svg.line(x(tick), top - 6, x(tick), height - 6, svg.QUIET if tick == 0 else svg.RULE))
        number = decibans(tick, frame.lang)[:-3]
        parts.append(svg.text(x(tick), 14, number, size=12, anchor="middle", fill=svg.QUIET))
        parts.append(svg.text(x(tick), 30, percent(probability_of(tick), frame.lang), 12, "middle", svg.QUIET))
    for index, bar in enumerate(bars):
        parts.append(_waterfall_row(bar, top + index * row, x, frame.lang))
    return svg.drawing(frame, width, height, parts, linked=any(bar.href for bar in bars))


def _waterfall_row(bar: Bar, y: float, x: Callable[[float], float], lang: str) -> Markup:
    fill = {"prior": svg.QUIET, "total": svg.TOTAL}.get(bar.role, svg.FOR if bar.weight >= 0 else svg.AGAINST)
    begin, end = sorted((x(bar.start), x(bar.end)))
    dashes = ' stroke-dasharray="4 3"' if end - begin >= 24 else ""  # a narrow bar is all edge: dashes would hide it
    dashed = Markup(f' stroke="#6b2f00" stroke-width="1.5"{dashes}') if fill == svg.AGAINST else Markup("")  # noqa: S704
    lines = svg.wrapped(bar.label, 44, 2)
    first = y + (21 if len(lines) == 1 else 14)
    bold = bar.role in {"prior", "total"}
    row = [svg.text(306, first + 15 * index, line, 13, "end", svg.INK, bold=bold) for index, line in enumerate(lines)]
    row.append(
        Markup('<rect class="mark" x="{}" y="{}" width="{}" height="20" fill="{}"{}><title>{}</title></rect>').format(
            svg.place(begin),
            svg.place(y + 6),
            svg.place(max(end - begin, 1.5)),
            fill,
            dashed,
            f"{bar.label}: {decibans(bar.weight, lang)}",
        )
    )
    row.append(svg.text(end + 7, y + 21, decibans(bar.weight, lang), 13, "start", svg.INK, bold=bold))
    return svg.linked(Markup("").join(row), bar.href)


def interval_bar(low: float, high: float, point: float, frame: Frame) -> Markup:
    """Return a bar from 0 to 100 %: the range of the word as a block, the computed probability as a marker."""
    width, height, left, span = 440, 76, 22, 396
    begin, end, at = left + low * span, left + high * span, left + point * span
    parts = [
        Markup('<rect x="{}" y="26" width="{}" height="18" fill="{}" stroke="{}"/>').format(
            left, span, svg.PALE, svg.RULE
        ),
        Markup('<rect class="mark" x="{}" y="26" width="{}" height="18" fill="{}"/>').format(
            svg.place(begin), svg.place(max(end - begin, 2)), svg.FOR
        ),
        Markup('<path d="M{x} 24 l-6 -9 h12 z" fill="{ink}"/>').format(x=svg.place(at), ink=svg.INK),
        svg.text(svg.inside(at, 40, width - 40), 11, percent(point, frame.lang), 13, "middle", svg.INK, bold=True),
    ]
    # Two ends that lie close are set apart, each towards its own side.
    near = end - begin < 30
    labels = [(begin, low, "end" if near else "middle"), (end, high, "start" if near else "middle")]
    labels += [(left + value * span, value, "middle") for value in (0.0, 1.0)]
    taken: list[float] = []
    for place, value, anchor in labels:
        if all(abs(place - other) > 40 for other in taken) or len(taken) == 1:
            taken.append(place)
            parts.append(svg.line(place, 44, place, 50, svg.QUIET))
            parts.append(
                svg.text(
                    place + (4 if anchor == "end" else -4 if anchor == "start" else 0),
                    66,
                    f"{value * 100:.0f}",
                    13,
                    anchor,
                    svg.INK,
                )
            )
    return svg.drawing(frame, width, height, parts)


def timeline(marks: Sequence[Mark], lanes: Sequence[tuple[str, str]], frame: Frame) -> Markup:
    """Return the timeline: one lane per (code, label) of ``lanes``, each mark as wide as its date is vague.

    A day is a dot; a month, a year or a period is a band. The events of one lane with the same dates are one mark,
    labelled with their numbers and their labels. Marks without a date are not drawn: the caller says so.
    """
    left, width = 112.0, 860.0
    dated = [(mark, *_days_of(mark.period)) for mark in marks if mark.period.first or mark.period.last]
    if not dated:
        return Markup("")
    start, end = min(each[1] for each in dated), max(each[2] for each in dated)
    margin = max((end - start) * 0.02, 5.0)
    start, end = start - margin, end + margin
    scale = (width - left - 20) / (end - start)

    def x(day: float) -> float:
        return left + (day - start) * scale

    lanes_drawn: list[Markup] = []
    parts: list[Markup] = []
    y, step = 8.0, 22
    for code, label in lanes:
        alike: dict[tuple[int, int], list[Mark]] = {}
        for mark, first, last in dated:
            if mark.lane == code:
                alike.setdefault((int(first), max(int(first), int(last - 1e-6))), []).append(mark)
        spans = [(x(day), x(until + 1.0)) if until > day else (x(day + 0.5),) * 2 for day, until in alike]
        placed = [_placed(group, *span, left, width) for span, group in zip(spans, alike.values(), strict=True)]
        rows = _packed(placed)
        height = step * max(len(rows), 1) + 12
        lanes_drawn.append(
            Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>').format(
                svg.place(left - 8), svg.place(y), svg.place(width - left + 8), svg.place(height), svg.PALE
            )
        )
        for index, line in enumerate(svg.wrapped(label, 14, 2)):
            parts.append(svg.text(0, y + 20 + 15 * index, line, 13, "start", svg.INK, bold=True))
        for index, row in enumerate(rows):
            parts.extend(_timeline_mark(each, y + 17 + index * step) for each in row)
        y += height + 6
    ticks = []
    for day, text in _time_ticks(start, end, frame.lang):
        ticks.append(svg.line(x(day), 4, x(day), y, svg.RULE))
        half = svg.text_width(text) / 2
        ticks.append(svg.text(svg.inside(x(day), left - 8 + half, width - half), y + 15, text, 12, "middle", svg.QUIET))
    return svg.drawing(frame, width, y + 24, [*lanes_drawn, *ticks, *parts], linked=True)


class _Placed(msgspec.Struct, frozen=True):
    """Events drawn as one mark: where the shape begins and ends, its label, and all that it covers sideways."""

    marks: tuple[Mark, ...]
    begin: float
    end: float
    label: str
    leftwards: bool
    low: float
    high: float


def _placed(marks: Sequence[Mark], begin: float, end: float, left: float, width: float) -> _Placed:
    low, high = min(begin, (begin + end) / 2 - 6), max(end, (begin + end) / 2 + 6)
    text = " · ".join(dict.fromkeys(mark.label for mark in marks if mark.label))
    numbers = _ranges([mark.number for mark in marks])
    label = f"{numbers} {text}".strip()
    right_room, left_room = width - 8 - (high + 6), low - 6 - left
    leftwards = svg.text_width(label) > right_room and left_room > right_room
    room = left_room if leftwards else right_room
    if svg.text_width(label) > room:
        label = short(label, max(int(len(label) * room / svg.text_width(label)), len(numbers) + 1))
    wide = svg.text_width(label) + 6
    return _Placed(
        tuple(marks), begin, end, label, leftwards, low - wide if leftwards else low, high if leftwards else high + wide
    )


def _timeline_mark(each: _Placed, y: float) -> Markup:
    middle = (each.begin + each.end) / 2
    if each.end - each.begin < 8:
        shape = Markup('<circle class="mark" cx="{}" cy="{}" r="5.5" fill="{}"/>').format(
            svg.place(middle), svg.place(y), svg.FOR
        )
    else:
        shape = Markup(
            '<rect class="mark" x="{}" y="{}" width="{}" height="11" rx="3" fill="#9db7d8" stroke="{}"/>'
        ).format(svg.place(each.begin), svg.place(y - 5.5), svg.place(each.end - each.begin), svg.FOR)
    at, anchor = (
        (min(each.begin, middle - 6) - 5, "end") if each.leftwards else (max(each.end, middle + 6) + 5, "start")
    )
    title = "\n".join(f"{mark.number}. {mark.text}" for mark in each.marks)
    label = svg.text(at, y + 4, each.label, 12, anchor, svg.INK)
    return svg.linked(Markup("<title>{}</title>").format(title) + shape + label, f"#t-{each.marks[0].number}")


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers with runs drawn together: ``3, 5–8``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _packed(marks: Sequence[_Placed]) -> list[list[_Placed]]:
    """Lay marks into rows, first fit by date, so that none covers another or its label."""
    rows: list[list[_Placed]] = []
    for each in sorted(marks, key=lambda mark: (mark.begin, mark.end, mark.marks[0].number)):
        for row in rows:
            if all(other.high + 10 < each.low or each.high + 10 < other.low for other in row):
                row.append(each)
                break
        else:
            rows.append([each])
    return rows


def _days_of(period: Period) -> tuple[float, float]:
    """Return the first and the last moment that a period may mean, in days since the year 1."""
    first, last = period.first or period.last, period.last or period.first
    ends = [each.toordinal() + each.hour / 24 + each.minute / 1440 for each in (earliest(first), latest(last))]
    return min(ends), max(ends)


def _time_ticks(start: float, end: float, lang: str) -> list[tuple[float, str]]:
    """Return round days between ``start`` and ``end`` (days since the year 1), about eight, with their text."""
    first, last = (date.fromordinal(min(max(int(each), 1), date.max.toordinal())) for each in (start + 1, end))
    if end - start <= 24:
        days = range(first.toordinal(), last.toordinal() + 1, max(1, int(end - start) // 6))
        return [(float(day), _day_label(date.fromordinal(day), lang)) for day in days]
    months = next((each for each in _MONTH_STEPS if (end - start) / (each * 30.4) <= 8), _MONTH_STEPS[-1])
    ticks = []
    for index in range(first.year * 12 + first.month, last.year * 12 + last.month):
        year, month = divmod(index, 12)
        if index % months == 0 and 0 < year <= date.max.year:
            text = f"{year:04}" if months >= 12 else f"{year:04}-{month + 1:02}"
            ticks.append((float(date(year, month + 1, 1).toordinal()), date_text(PartialDate(text), lang)))
    return ticks


_MONTH_STEPS: Final = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 24000)


def _day_label(day: date, lang: str) -> str:
    return date_text(PartialDate(day.isoformat()), lang).rsplit(" ", 1)[0]


def _ticks(low: float, high: float) -> list[float]:
    """Return round values from at or below ``low`` to at or above ``high``, about six."""
    span = max(high - low, 1.0)
    step = next((each for each in (1, 2, 5, 10, 20, 50, 100, 200) if span / each <= 7), 500)
    first = int(low // step) * step
    return [float(first + step * index) for index in range(int(-(-(high - first) // step)) + 1)]
