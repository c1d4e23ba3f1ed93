"""Web pages: the main text without menus, scripts and advertisements, and what the page says of itself.

Nothing is fetched and nothing is run. The main text is what trafilatura finds (Barbaresi 2021), with tables; where it
finds none, it is all text of the page. Dates come from the page's own metadata only, never from its prose.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Final

import msgspec

from consilience.errors import FormatError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import OwnWord, ProseReading, check_size, check_text, make_document
from consilience.formats.encoding import DecodedText, decode, decode_as
from consilience.formats.html_tree import all_text, links, one_line, parse
from consilience.formats.language import detect_language
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Issue, Passage

_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})[\"']")
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


def read(data: bytes, context: ReadContext) -> ProseReading:
    """Read a web page into one passage of its main text.

    Raises :class:`FormatError` where there is no text in it, :class:`LimitError` where it is too large or too deep.
    """
    check_size(data, context)
    decoded = _decode(data, context)
    check_text(decoded.text, context)
    tree = parse(decoded.text, context)
    own = _own_word(tree, decoded.text)
    pointed = links(tree)
    text, whole = _main_text(tree)
    if not text:
        raise FormatError("there is no text in the page", file=context.name)
    lang = context.lang or own.lang or detect_language(text)
    document, sources = make_document(data, "html", context, msgspec.structs.replace(own, lang=lang))
    issues = list(decoded.issues)
    if whole:
        issues.append(Issue("", "no main text was found in the page: all of its text was taken", lost=False))
    return ProseReading(
        document=document,
        sources=sources,
        passages=[Passage(text, lang=document.lang)],
        issues=issues,
        author=own.author,
        links=pointed,
    )


def _decode(data: bytes, context: ReadContext) -> DecodedText:
    """Decode as the page declares it (HTML 13.2.3.1: a byte order mark wins), else as any text."""
    declared = _CHARSET.search(data, 0, 4096) or _XML_ENCODING.match(data)
    if declared is None or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return decode(data, context.name)
    label = declared[1].decode("ascii").lower()
    # What could be read as ASCII so far is not in UTF-16, whatever it says (HTML 13.2.3.2).
    text = None if label.startswith(("utf-16", "utf-32")) else decode_as(data, label)
    if text is None:
        again = decode(data, context.name)
        issue = Issue("", f"the page is not in {label}, as it says", lost=False)
        return msgspec.structs.replace(again, issues=(issue, *again.issues))
    if text.count("\0") > len(text) // 100:
        raise FormatError("binary data, not text", file=context.name)
    return DecodedText(text.replace("\0", "\ufffd"), label)


def _own_word(tree: Any, text: str) -> OwnWord:  # noqa: ANN401
    meta = _metadata(tree)
    link = tree.xpath("string(//link[@rel='canonical']/@href)").strip() or meta.get("og:url", "")
    title = meta.get("og:title") or one_line(tree.xpath("string(//title)")) or one_line(tree.xpath("string(//h1)"))
    lang = (tree.xpath("string(/html/@lang | /html/@xml:lang)") or meta.get("content-language", "")).strip()
    return OwnWord(
        title=title,
        source=meta.get("og:site_name", ""),
        author=meta.get("author") or meta.get("article:author") or meta.get("dc.creator", ""),
        url=link if re.match(r"https?://", link) else "",
        published=_published(meta, text),
        lang=re.split(r"[-_,]", lang)[0].lower() if re.match(r"[A-Za-z]{2,3}(?:[-_,]|\Z)", lang) else "",
    )


def _metadata(tree: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the content of each ``meta`` element by its lower-cased name; the first of a name counts."""
    found: dict[str, str] = {}
    for each in tree.iter("meta"):
        name = each.get("property") or each.get("name") or each.get("itemprop") or each.get("http-equiv") or ""
        content = one_line(each.get("content") or "")
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
    return all_text(tree), True
