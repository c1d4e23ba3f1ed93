r"""Plain text and Markdown: one passage, with ``\n`` line ends, whose offsets count from the start of the body.

A block of ``Key: value`` lines at the very top, closed by a blank line, is read as what the document says of itself and
is not part of the body. It begins with a key that is known: Title, Source, URL, Date (or Published), Language, TLP,
in English or French. Zero-width characters stay in the text: they belong to what was published.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import OwnWord, check_size, check_text, make_document
from consilience.formats.encoding import decode
from consilience.formats.language import detect_language
from consilience.model.dates import parse_date
from consilience.model.document import Issue, Passage, Reading
from consilience.model.marking import parse_marking

_HEADER_LINE: Final = re.compile(r"([^\W\d_][\w '-]{0,30}?)[ \u00a0]*:[ \u00a0]*(.*)")
_KEYS: Final = {
    "title": "title",
    "titre": "title",
    "source": "source",
    "publisher": "source",
    "éditeur": "source",
    "url": "url",
    "link": "url",
    "lien": "url",
    "date": "published",
    "published": "published",
    "publié": "published",
    "language": "lang",
    "lang": "lang",
    "langue": "lang",
    "tlp": "marking",
    "marking": "marking",
    "marquage": "marking",
}
_LONGEST_TITLE: Final = 160


def read(data: bytes, context: ReadContext) -> Reading:
    """Read prose into one passage.

    Raises :class:`FormatError` for an empty or binary file, :class:`LimitError` for one that is too large.
    """
    check_size(data, context)
    decoded = decode(data, context.name)
    check_text(decoded.text, context)
    own, body, issues = split_header(decoded.text)
    if not body.strip():
        raise FormatError("there is no text in it", file=context.name)
    title = own.title or _title(body)
    lang = context.lang or own.lang or detect_language(body)
    document, sources = make_document(data, "text", context, msgspec.structs.replace(own, title=title, lang=lang))
    return Reading(
        document=document,
        sources=sources,
        passages=[Passage(body, lang=document.lang)],
        issues=[*decoded.issues, *issues],
    )


def split_header(text: str) -> tuple[OwnWord, str, list[Issue]]:
    """Return what the header says, the body after it, and what in the header was not taken.

    A text without a header is its own body.
    """
    head, blank, body = text.partition("\n\n")
    lines = [_HEADER_LINE.fullmatch(line.strip()) for line in head.split("\n")]
    if not blank or lines[0] is None or lines[0][1].lower() not in _KEYS or None in lines:
        return OwnWord(), text, []
    issues: list[Issue] = []
    facts: dict[str, str] = {}
    for number, match in enumerate(lines, start=1):
        if match is None:
            continue
        key, value = _KEYS.get(match[1].lower(), ""), match[2].strip()
        try:
            facts.update(_fact(key, value))
        except ValueError as error:
            issues.append(Issue(f"line {number}", str(error), lost=bool(key)))
    return msgspec.convert(facts, OwnWord), body, issues


def _fact(key: str, value: str) -> dict[str, str]:
    """Return a header's fact as a field of :class:`OwnWord`; raise ``ValueError`` where it cannot be used."""
    if not key:
        raise ValueError("this line of the header is not used")
    if key == "published":
        return {key: parse_date(value)}
    if key == "marking":
        marking = parse_marking(value)
        if marking is None:
            raise ValueError(f"{value[:40]!r} is not a TLP marking")
        return {key: marking.value}
    if key == "lang":
        if not re.fullmatch(r"[A-Za-z]{2,3}(?:-\w+)*", value):
            raise ValueError(f"{value[:40]!r} is not a language code such as en or fr")
        return {key: value.split("-")[0].lower()}
    return {key: value}


def _title(body: str) -> str:
    """Return the first line that is not blank, if it is short, without the marks of a Markdown heading."""
    first = body.strip().split("\n", 1)[0].strip()
    if len(first) > _LONGEST_TITLE:
        return ""
    return re.sub(r"\A#{1,6}\s+|\s+#*\Z", "", first)
