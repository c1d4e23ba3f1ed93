"""Markup to a tree of elements, within bounds. Nothing is fetched, nothing is run, no entity is expanded.

Web pages and the HTML parts of e-mail are both read through it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from consilience.errors import FormatError, LimitError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import Link

# libxml2 stops at 256 levels without a word; what lies deeper would be lost.
DEEPEST: Final = 250
# Over ten times what the longest reports have; finding the main text took 5 to 7 s for so many (Python 3.11, one core).
MOST_TAGS: Final = 200_000
MOST_LINKS: Final = 2_000
_XML_DECLARATION: Final = re.compile(r"\A\s*<\?xml[^>]{0,400}\?>")
# Letters that no tree of elements takes (XML 1.0, 2.2); libxml2 reads them and then refuses to move them.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TAG: Final = re.compile(r"<(?:(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})|(!--))")
# Elements without content, and those that the parser closes itself: neither adds a level.
_FLAT: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"html", "head", "body", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"}
    | {"option", "optgroup", "rt", "rp"}
)
_RAW: Final = frozenset({"script", "style", "textarea", "title", "noscript", "xmp", "iframe"})
_WEB: Final = re.compile(r"https?://[^\s<>\"]{1,2048}", re.IGNORECASE)


def parse(text: str, context: ReadContext) -> Any:  # noqa: ANN401 - lxml has no types here
    """Return the tree of a page.

    Raises :class:`FormatError` where there is no markup in it, :class:`LimitError` where :func:`check_depth` does.
    """
    from lxml import etree
    from lxml.html import HTMLParser, fromstring

    check_depth(text, context)
    bare = _NOT_XML.sub("\ufffd", _XML_DECLARATION.sub("", text))
    try:
        return fromstring(bare.encode("utf-8", "replace"), parser=HTMLParser(encoding="utf-8", no_network=True))
    except (etree.LxmlError, ValueError) as error:
        raise FormatError(f"not a web page: {error}", file=context.name) from error


def check_depth(text: str, context: ReadContext) -> None:
    """Raise :class:`LimitError` for tags nested deeper than :data:`DEEPEST` or more than :data:`MOST_TAGS` of them.

    One pass, without building a tree. A closing tag takes back a level only where its element is open.
    """
    opened: Counter[str] = Counter()
    depth = tags = place = 0
    lowered = text.lower()
    while (match := _TAG.search(lowered, place)) is not None:
        place = match.end()
        if match[3]:
            place = _after(lowered, "-->", place)
            continue
        name = match[2]
        tags += 1
        if name in _RAW:
            place = place if match[1] else _after(lowered, f"</{name}", place)
        elif match[1]:
            closes = opened[name] > 0
            depth -= closes
            opened[name] -= closes
        elif name not in _FLAT:
            depth += 1
            opened[name] += 1
        if depth > DEEPEST:
            raise LimitError(f"tags are nested deeper than {DEEPEST}", file=context.name, place=f"char {place}")
        if tags > MOST_TAGS:
            raise LimitError(f"has more than {MOST_TAGS:,} tags", file=context.name)


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space as one space."""
    return " ".join(text.split())


def links(tree: Any) -> tuple[Link, ...]:  # noqa: ANN401
    """Return the web addresses that the tree links to, each once with the first words that carry it.

    At most :data:`MOST_LINKS`. Links within the site that name no host are left out.
    """
    found: dict[str, Link] = {}
    for each in tree.iter("a"):
        match = _WEB.match((each.get("href") or "").strip())
        if match is not None and len(found) < MOST_LINKS:
            found.setdefault(match[0], Link(match[0], one_line(each.text_content())[:300]))
    return tuple(found.values())


def all_text(tree: Any) -> str:  # noqa: ANN401
    """Return all text of the tree, a line for each block, without scripts, styles and comments. Changes the tree."""
    for each in tree.xpath("//script | //style | //noscript | //template | //comment()"):
        each.drop_tree()
    for each in tree.xpath("//p | //div | //br | //li | //tr | //h1 | //h2 | //h3 | //h4 | //h5 | //h6 | //blockquote"):
        each.text = "\n" + (each.text or "")
        each.tail = "\n" + (each.tail or "")
    lines = (one_line(line) for line in tree.text_content().split("\n"))
    return "\n".join(line for line in lines if line)
