"""Charts as SVG text: the weights waterfall, the interval bar, the timeline and the graph of a link.

Pure functions of values that are already worded. Each drawing scales by its ``viewBox``, holds presentation
attributes only (a strict Content-Security-Policy forbids ``style=`` attributes), and carries ``<title>`` and
``<desc>``. What a chart leaves out is decided here (:func:`folded`, :data:`GRAPH_MARKS`) and announced by the caller;
every chart has a table twin. Colours are blue against orange, which the common colour-vision defects keep apart
(Okabe and Ito 2008), and never the only sign: what speaks against is also dashed, what was cut is also hatched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final
from unicodedata import east_asian_width

import msgspec
from markupsafe import Markup

from consilience.model.dates import PartialDate, Period, earliest, latest
from consilience.report.forms import date_text, decibans, percent, probability_of, short

INK: Final = "#1b2430"
QUIET: Final = "#556070"
RULE: Final = "#cdd3db"
FOR: Final = "#1f4e8c"
AGAINST: Final = "#b4540a"
TOTAL: Final = "#2f3640"
PALE: Final = "#e8edf4"

WATERFALL_BARS: Final = 12
GRAPH_MARKS: Final = 12
FONT: Final = "system-ui, 'Noto Sans', 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


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


class SharedMark(msgspec.Struct, frozen=True):
    """A shared observable in the graph of a link; ``listed`` is true where it stands on a list of shared hosts."""

    label: str
    decibans: float
    listed: bool
    href: str = ""


class Frame(msgspec.Struct, frozen=True):
    """What every drawing needs: an id that is unique on the page, a title and a description in words."""

    ident: str
    title: str
    description: str
    lang: str


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
        parts.append(_line(x(tick), top - 6, x(tick), height - 6, QUIET if tick == 0 else RULE))
        number = decibans(tick, frame.lang)[:-3]
        parts.append(_text(x(tick), 14, number, size=12, anchor="middle", fill=QUIET))
        parts.append(_text(x(tick), 30, percent(probability_of(tick), frame.lang), 12, "middle", QUIET))
    for index, bar in enumerate(bars):
        parts.append(_waterfall_row(bar, top + index * row, x, frame.lang))
    return _svg(frame, width, height, parts, linked=any(bar.href for bar in bars))


def _waterfall_row(bar: Bar, y: float, x: Callable[[float], float], lang: str) -> Markup:
    fill = {"prior": QUIET, "total": TOTAL}.get(bar.role, FOR if bar.weight >= 0 else AGAINST)
    begin, end = sorted((x(bar.start), x(bar.end)))
    dashes = ' stroke-dasharray="4 3"' if end - begin >= 24 else ""  # a narrow bar is all edge: dashes would hide it
    dashed = Markup(f' stroke="#6b2f00" stroke-width="1.5"{dashes}') if fill == AGAINST else Markup("")  # noqa: S704
    lines = wrapped(bar.label, 44, 2)
    first = y + (21 if len(lines) == 1 else 14)
    bold = bar.role in {"prior", "total"}
    row = [_text(306, first + 15 * index, line, 13, "end", INK, bold=bold) for index, line in enumerate(lines)]
    row.append(
        Markup('<rect class="mark" x="{}" y="{}" width="{}" height="20" fill="{}"{}><title>{}</title></rect>').format(
            _n(begin), _n(y + 6), _n(max(end - begin, 1.5)), fill, dashed, f"{bar.label}: {decibans(bar.weight, lang)}"
        )
    )
    row.append(_text(end + 7, y + 21, decibans(bar.weight, lang), 13, "start", INK, bold=bold))
    return _linked(Markup("").join(row), bar.href)


def interval_bar(low: float, high: float, point: float, frame: Frame) -> Markup:
    """Return a bar from 0 to 100 %: the range of the word as a block, the computed probability as a marker."""
    width, height, left, span = 440, 76, 22, 396
    begin, end, at = left + low * span, left + high * span, left + point * span
    parts = [
        Markup('<rect x="{}" y="26" width="{}" height="18" fill="{}" stroke="{}"/>').format(left, span, PALE, RULE),
        Markup('<rect class="mark" x="{}" y="26" width="{}" height="18" fill="{}"/>').format(
            _n(begin), _n(max(end - begin, 2)), FOR
        ),
        Markup('<path d="M{x} 24 l-6 -9 h12 z" fill="{ink}"/>').format(x=_n(at), ink=INK),
        _text(_inside(at, 40, width - 40), 11, percent(point, frame.lang), 13, "middle", INK, bold=True),
    ]
    # Two ends that lie close are set apart, each towards its own side.
    near = end - begin < 30
    labels = [(begin, low, "end" if near else "middle"), (end, high, "start" if near else "middle")]
    labels += [(left + value * span, value, "middle") for value in (0.0, 1.0)]
    taken: list[float] = []
    for place, value, anchor in labels:
        if all(abs(place - other) > 40 for other in taken) or len(taken) == 1:
            taken.append(place)
            parts.append(_line(place, 44, place, 50, QUIET))
            parts.append(
                _text(
                    place + (4 if anchor == "end" else -4 if anchor == "start" else 0),
                    66,
                    f"{value * 100:.0f}",
                    13,
                    anchor,
                    INK,
                )
            )
    return _svg(frame, width, height, parts)


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
                _n(left - 8), _n(y), _n(width - left + 8), _n(height), PALE
            )
        )
        for index, line in enumerate(wrapped(label, 14, 2)):
            parts.append(_text(0, y + 20 + 15 * index, line, 13, "start", INK, bold=True))
        for index, row in enumerate(rows):
            parts.extend(_timeline_mark(each, y + 17 + index * step) for each in row)
        y += height + 6
    ticks = []
    for day, text in _time_ticks(start, end, frame.lang):
        ticks.append(_line(x(day), 4, x(day), y, RULE))
        half = text_width(text) / 2
        ticks.append(_text(_inside(x(day), left - 8 + half, width - half), y + 15, text, 12, "middle", QUIET))
    return _svg(frame, width, y + 24, [*lanes_drawn, *ticks, *parts], linked=True)


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
    leftwards = text_width(label) > right_room and left_room > right_room
    room = left_room if leftwards else right_room
    if text_width(label) > room:
        label = short(label, max(int(len(label) * room / text_width(label)), len(numbers) + 1))
    wide = text_width(label) + 6
    return _Placed(
        tuple(marks), begin, end, label, leftwards, low - wide if leftwards else low, high if leftwards else high + wide
    )


def _timeline_mark(each: _Placed, y: float) -> Markup:
    middle = (each.begin + each.end) / 2
    if each.end - each.begin < 8:
        shape = Markup('<circle class="mark" cx="{}" cy="{}" r="5.5" fill="{}"/>').format(_n(middle), _n(y), FOR)
    else:
        shape = Markup(
            '<rect class="mark" x="{}" y="{}" width="{}" height="11" rx="3" fill="#9db7d8" stroke="{}"/>'
        ).format(_n(each.begin), _n(y - 5.5), _n(each.end - each.begin), FOR)
    at, anchor = (
        (min(each.begin, middle - 6) - 5, "end") if each.leftwards else (max(each.end, middle + 6) + 5, "start")
    )
    title = "\n".join(f"{mark.number}. {mark.text}" for mark in each.marks)
    label = _text(at, y + 4, each.label, 12, anchor, INK)
    return _linked(Markup("<title>{}</title>").format(title) + shape + label, f"#t-{each.marks[0].number}")


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers with runs drawn together: ``3, 5–8``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def text_width(text: str) -> float:
    """Return about how wide a text of 12 px is: wide characters (UAX #11) take a full em, others 0.54."""
    return sum(12.0 if east_asian_width(letter) in "WF" else 6.5 for letter in text)


def link_graph(one: str, other: str, marks: Sequence[SharedMark], frame: Frame) -> Markup:
    """Return the graph of a link: two clusters, what they share between them, line width by weight.

    Solid lines count; dashed grey lines stand on a list of shared or benign infrastructure. At most
    :data:`GRAPH_MARKS` marks are drawn, in the order given.
    """
    marks = marks[:GRAPH_MARKS]
    width, step, top = 800, 32, 6
    height = top + step * max(len(marks), 2) + 20
    middle = top + step * max(len(marks), 2) / 2
    parts: list[Markup] = []
    for index, mark in enumerate(marks):
        y = top + step * index + step / 2
        pen = Markup(' stroke-dasharray="3 4"') if mark.listed else Markup("")
        colour = QUIET if mark.listed else FOR
        thick = 1.2 if mark.listed else min(1.2 + max(mark.decibans, 0.0) / 6.0, 6.0)
        for end, edge in ((96, width / 2 - 170), (width - 96, width / 2 + 170)):
            parts.append(
                Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"{}/>').format(
                    end, _n(middle), _n(edge), _n(y), colour, _n(thick), pen
                )
            )
        box = Markup('<rect class="mark" x="{}" y="{}" width="340" height="26" rx="3" fill="#fff" stroke="{}"{}/>')
        inner = box.format(width / 2 - 170, _n(y - 13), colour, pen)
        inner += _text(width / 2, y + 4, short(mark.label, 48), 12, "middle", INK)
        parts.append(_linked(inner, mark.href))
    for end, name in ((96, one), (width - 96, other)):
        parts.append(Markup('<circle cx="{}" cy="{}" r="26" fill="{}"/>').format(end, _n(middle), FOR))
        for index, line in enumerate(wrapped(name, 20, 2)):
            halo = Markup('<g stroke="#fff" stroke-width="5" stroke-linejoin="round" paint-order="stroke">{}</g>')
            parts.append(halo.format(_text(end, middle + 44 + 15 * index, line, 13, "middle", INK, bold=True)))
    return _svg(frame, width, max(height, middle + 68), parts, linked=any(mark.href for mark in marks))


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """Return ``text`` in at most ``lines`` lines of at most ``width`` characters; what does not fit ends in ``…``."""
    rest = " ".join(text.split())
    out: list[str] = []
    while rest and len(out) < lines - 1 and len(rest) > width:
        at = rest.rfind(" ", 0, width + 1)
        at = at if at > 0 else width
        out.append(rest[:at])
        rest = rest[at:].strip()
    return [*out, short(rest, width)] if rest or not out else out


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


def _svg(frame: Frame, width: float, height: float, parts: Sequence[Markup], *, linked: bool = False) -> Markup:
    # A drawing with links is a group: role="img" would hide them from assistive technology.
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" role="{role}" aria-labelledby="{i}-t {i}-d" '
        'font-family="{font}"><title id="{i}-t">{title}</title><desc id="{i}-d">{desc}</desc>{body}</svg>'
    ).format(
        w=_n(width),
        h=_n(height),
        role="group" if linked else "img",
        i=frame.ident,
        font=FONT,
        title=frame.title,
        desc=frame.description,
        body=Markup("").join(parts),
    )


def _text(x: float, y: float, text: str, size: int, anchor: str, fill: str, *, bold: bool = False) -> Markup:
    weight = Markup(' font-weight="600"') if bold else Markup("")
    return Markup('<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="{}"{}>{}</text>').format(
        _n(x), _n(y), size, anchor, fill, weight, text
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}"/>').format(_n(x1), _n(y1), _n(x2), _n(y2), colour)


def _linked(inner: Markup, href: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(href, inner) if href else Markup("<g>{}</g>").format(inner)


def _inside(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _n(value: float) -> str:
    """Return a coordinate with at most one decimal: enough for print, and the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
