"""What every drawing must be: well-formed, scalable, described, and free of style and script."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from consilience.report.svg import Frame

SVG = "{http://www.w3.org/2000/svg}"
FRAME = Frame("chart", "A title & <more>", "A description", "en")
ELEMENTS = {"svg", "title", "desc", "g", "a", "rect", "circle", "line", "path", "text"}
EVIL = "</text><script>alert(1)</script>\"'&{{ 7*7 }}"
OUTSIDE = (EVIL, "سپیده \u202e", "별빛 그룹", "<b>", "a" * 500, "")
"""Texts from outside: hostile, right to left, wide, long, none."""


def parsed(drawing: str) -> ElementTree.Element:
    """Return the drawing as a tree; it must be well-formed, scalable, described and free of style and script."""
    root = ElementTree.fromstring(drawing)
    assert root.tag == f"{SVG}svg"
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", root.attrib["viewBox"])
    assert root.find(f"{SVG}title").text == FRAME.title  # type: ignore[union-attr]
    assert root.find(f"{SVG}desc").text == FRAME.description  # type: ignore[union-attr]
    assert root.attrib["aria-labelledby"] == "chart-t chart-d"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ELEMENTS
        assert not any(name == "style" or name.startswith("on") for name in element.attrib)
    return root


def marks(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.attrib.get("class") == "mark"]


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]
