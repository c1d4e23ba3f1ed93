"""Web pages: the main text without menus, scripts and advertisements, and what the page says of itself.

Nothing is fetched and nothing is run. The main text is what trafilatura finds (Barbaresi 2021), with tables; where it
finds none, it is all text of the page. Dates come from the page's own metadata only, never from its prose.
"""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import Any, Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import OwnWord, check_size, check_text, make_document
from consilience.formats.encoding import DecodedText, decode
from consilience.formats.language import detect_language
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Issue, Passage, Reading

# libxml2 stops at 256 levels without a word; what lies deeper would be lost.
DEEPEST: Final = 250
# Over ten times what the longest reports have; finding the main text took 5 to 7 s for so many (Python 3.11, one core).
MOST_TAGS: Final = 200_000
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})[\"']")
_XML_DECLARATION: Final = re.compile(r"\A\s*<\?xml[^>]{0,400}\?>")
_TAG: Final = re.compile(r"<(?:(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})|(!--))")
# Elements without content, and those that the parser closes itself: neither adds a level.
_FLAT: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"html", "head", "body", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"}
    | {"option", "optgroup", "rt", "rp"}
)
_RAW: Final = frozenset({"script", "style", "textarea", "title", "noscript", "xmp", "iframe"})
_DATE_NAMES: Final = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "parsely-pub-date",
    "dc.date.issued",
    "dc.date",
    "dcterms.created",
    "date",
)
_JSON_DATE: Final = re.compile(r'"datePublished"\s*:\s*"([0-9T:.Z+ -]{4,40})"')


def read(data: bytes, context: ReadContext) -> Reading:
    """Read a web page into one passage of its main text.

    Raises :class:`FormatError` where there is no text in it, :class:`LimitError` where it is too large or too deep.
    """
    check_size(data, context)
    decoded = _decode(data, context)
    check_text(decoded.text, context)
    check_depth(decoded.text, context)
    tree = _parse(_XML_DECLARATION.sub("", decoded.text), context)
    own = _own_word(tree, decoded.text)
    text, whole = _main_text(tree)
    if not text:
        raise FormatError("there is no text in the page", file=context.name)
    lang = context.lang or own.lang or detect_language(text)
    document, sources = make_document(data, "html", context, msgspec.structs.replace(own, lang=lang))
    issues = list(decoded.issues)
    if whole:
        issues.append(Issue("", "no main text was found in the page: all of its text was taken", lost=False))
    return Reading(document=document, sources=sources, passages=[Passage(text, lang=document.lang)], issues=issues)


def _decode(data: bytes, context: ReadContext) -> DecodedText:
    """Decode as the page declares it (HTML 13.2.3.1: a byte order mark wins), else as any text."""
    declared = _CHARSET.search(data, 0, 4096) or _XML_ENCODING.match(data)
    if declared is None or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return decode(data, context.name)
    encoding = declared[1].decode("ascii").lower()
    # WHATWG Encoding: these labels mean windows-1252.
    encoding = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252"}.get(encoding, encoding)
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeError):
        again = decode(data, context.name)
        issue = Issue("", f"the page is not in {encoding}, as it says", lost=False)
        return msgspec.structs.replace(again, issues=(issue, *again.issues))
    if text.count("\0") > len(text) // 100:
        raise FormatError("binary data, not text", file=context.name)
    return DecodedText(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd"), encoding)


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


def _parse(text: str, context: ReadContext) -> Any:  # noqa: ANN401 - lxml has no types here
    from lxml import etree
    from lxml.html import HTMLParser, fromstring

    try:
        return fromstring(text.encode("utf-8", "replace"), parser=HTMLParser(encoding="utf-8", no_network=True))
    except (etree.LxmlError, ValueError) as error:
        raise FormatError(f"not a web page: {error}", file=context.name) from error


def _own_word(tree: Any, text: str) -> OwnWord:  # noqa: ANN401
    meta = _metadata(tree)
    link = tree.xpath("string(//link[@rel='canonical']/@href)").strip() or meta.get("og:url", "")
    title = meta.get("og:title") or _one_line(tree.xpath("string(//title)")) or _one_line(tree.xpath("string(//h1)"))
    lang = (tree.xpath("string(/html/@lang | /html/@xml:lang)") or meta.get("content-language", "")).strip()
    return OwnWord(
        title=title,
        source=meta.get("og:site_name", ""),
        url=link if re.match(r"https?://", link) else "",
        published=_published(meta, text),
        lang=re.split(r"[-_,]", lang)[0].lower() if re.match(r"[A-Za-z]{2,3}(?:[-_,]|\Z)", lang) else "",
    )


def _metadata(tree: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the content of each ``meta`` element by its lower-cased name; the first of a name counts."""
    found: dict[str, str] = {}
    for each in tree.iter("meta"):
        name = each.get("property") or each.get("name") or each.get("itemprop") or each.get("http-equiv") or ""
        content = _one_line(each.get("content") or "")
        if name and content:
            found.setdefault(name.lower(), content)
    return found


def _published(meta: dict[str, str], text: str) -> PartialDate:
    stated = [meta[name] for name in _DATE_NAMES if name in meta]
    stated.extend(unescape(match[1]) for match in _JSON_DATE.finditer(text))
    for each in stated:
        try:
            return parse_date(each)
        except ValueError:
            continue
    return UNKNOWN_DATE


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _main_text(tree: Any) -> tuple[str, bool]:  # noqa: ANN401
    """Return the text to be read, and whether it is the whole page's because no main text was found."""
    # Loads in half a second.
    import trafilatura

    found = trafilatura.extract(
        tree,
        output_format="txt",
        favor_recall=True,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
        with_metadata=False,
    )
    if found and found.strip():
        return found.strip(), False
    for each in tree.xpath("//script | //style | //noscript | //template | //comment()"):
        each.drop_tree()
    lines = (_one_line(line) for line in tree.text_content().split("\n"))
    return "\n".join(line for line in lines if line), True
