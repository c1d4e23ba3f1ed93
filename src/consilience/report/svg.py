"""What every drawing is made of: the frame with title and description, text, lines, links, colours.

A drawing scales by its ``viewBox`` and holds presentation attributes only (a strict Content-Security-Policy forbids
``style=`` attributes). Text from outside reaches it only through Markup's escaping. Colours are blue against orange,
which the common colour-vision defects keep apart (Okabe and Ito 2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import east_asian_width

import msgspec
from markupsafe import Markup

from consilience.report.forms import short

INK: Final = "#1b2430"
QUIET: Final = "#556070"
RULE: Final = "#cdd3db"
FOR: Final = "#1f4e8c"
AGAINST: Final = "#b4540a"
TOTAL: Final = "#2f3640"
PALE: Final = "#e8edf4"
FONT: Final = "system-ui, 'Noto Sans', 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


class Frame(msgspec.Struct, frozen=True):
    """What every drawing needs: an id that is unique on the page, a title and a description in words."""

    ident: str
    title: str
    description: str
    lang: str


def drawing(frame: Frame, width: float, height: float, parts: Sequence[Markup], *, linked: bool = False) -> Markup:
    """Return the drawing of ``width`` times ``height`` units; ``linked`` where it holds links."""
    # A drawing with links is a group: role="img" would hide them from assistive technology.
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" role="{role}" aria-labelledby="{i}-t {i}-d" '
        'font-family="{font}"><title id="{i}-t">{title}</title><desc id="{i}-d">{desc}</desc>{body}</svg>'
    ).format(
        w=place(width),
        h=place(height),
        role="group" if linked else "img",
        i=frame.ident,
        font=FONT,
        title=frame.title,
        desc=frame.description,
        body=Markup("").join(parts),
    )


def text(x: float, y: float, text: str, size: int, anchor: str, fill: str, *, bold: bool = False) -> Markup:
    """Return a text of ``size`` px whose ``anchor`` (start, middle or end) stands at (x, y)."""
    weight = Markup(' font-weight="600"') if bold else Markup("")
    return Markup('<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="{}"{}>{}</text>').format(
        place(x), place(y), size, anchor, fill, weight, text
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str) -> Markup:
    """Return a line from (x1, y1) to (x2, y2)."""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}"/>').format(
        place(x1), place(y1), place(x2), place(y2), colour
    )


def linked(inner: Markup, href: str) -> Markup:
    """Return ``inner`` as a link to a place on the page, or as a plain group where there is none."""
    return Markup('<a href="{}">{}</a>').format(href, inner) if href else Markup("<g>{}</g>").format(inner)


def inside(value: float, low: float, high: float) -> float:
    """Return ``value``, moved to the nearer of the two bounds where it lies outside."""
    return min(max(value, low), high)


def place(value: float) -> str:
    """Return a coordinate with at most one decimal: enough for print, and the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


def text_width(text: str) -> float:
    """Return about how wide a text of 12 px is: wide characters (UAX #11) take a full em, others 0.54."""
    return sum(12.0 if east_asian_width(letter) in "WF" else 6.5 for letter in text)


def fitted(text: str, room: float) -> str:
    """Return ``text`` cut with an ellipsis to at most ``room`` of :func:`text_width`; one character always stays."""
    if text_width(text) <= room:
        return text
    limit = max(min(len(text), int(room / 6.5)), 1)
    while limit > 1 and text_width(short(text, limit)) > room:
        limit -= 1
    return short(text, limit)


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
