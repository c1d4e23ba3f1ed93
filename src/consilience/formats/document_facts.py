"""What a document says of itself, and what the case says of it: the case wins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats.context import ReadContext, sha256
from consilience.knowledge.sources import source_named
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Document, Issue, Reading
from consilience.model.marking import Marking, parse_marking
from consilience.model.source import Source

_HEADER_LINE: Final = re.compile(r"([^\W\d_][\w '-]{0,30}?)[ \u00a0]*:[ \u00a0]*(.*)")
_KEYS: Final = {
    "title": "title",
    "titre": "title",
    "source": "source",
    "publisher": "source",
    "éditeur": "source",
    "author": "author",
    "auteur": "author",
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
EARLIEST: Final = PartialDate("1900")
"""No report is older. Without it, "last month" in a document of the year 1 would be a month that no calendar has."""

# Names that word processors give a document without being asked.
_NO_TITLE: Final = re.compile(
    r"microsoft word|untitled|sans titre|document\s?\d*$|.*\.(?:docx?|indd|odt|rtf|pdf)$", re.I
)


class OwnWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of itself. ``source`` is a name or an id; all are empty where nothing is said."""

    title: str = ""
    source: str = ""
    author: str = ""
    url: str = ""
    published: PartialDate = UNKNOWN_DATE
    lang: str = ""
    marking: Marking = Marking.CLEAR


class Link(msgspec.Struct, frozen=True):
    """What a document points to: the address, and the words that carry it."""

    url: str
    text: str = ""


class ProseReading(Reading, frozen=True, kw_only=True):
    """A reading of prose with what only its markup tells: who signed it, and what it links to, each address once.

    Neither is stored: the raw bytes are, and reading them again gives both.
    """

    author: str = ""
    links: tuple[Link, ...] = ()


def check_size(data: bytes, context: ReadContext) -> None:
    """Raise :class:`FormatError` for no bytes and :class:`LimitError` for more than the limit."""
    if not data:
        raise FormatError("the file is empty", file=context.name)
    if len(data) > context.limits.document:
        raise LimitError(f"has {len(data):,} bytes, more than {context.limits.document:,}", file=context.name)


def check_text(text: str, context: ReadContext) -> None:
    """Raise :class:`LimitError` for a text with more characters than the limit."""
    if len(text) > context.limits.text:
        raise LimitError(f"has {len(text):,} characters, more than {context.limits.text:,}", file=context.name)


def make_document(data: bytes, format: str, context: ReadContext, own: OwnWord) -> tuple[Document, list[Source]]:  # noqa: A002
    """Return the document, and its publisher where only the document names it.

    A date of its own before :data:`EARLIEST` is none. Raises :class:`FormatError` where ``context.published`` is no
    date of a publication.
    """
    publisher = None if context.source or not own.source else find_source(own.source)
    try:
        published = _of_publication(context.published) or own.published
    except ValueError as error:
        raise FormatError(str(error), file=context.name, place="published") from error
    try:
        retrieved = parse_date(context.retrieved)
    except ValueError as error:
        raise FormatError(str(error), file=context.name, place="retrieved") from error
    document = Document(
        sha256=sha256(data),
        name=context.name,
        format=format,
        size=len(data),
        source=context.source or (publisher.id if publisher else ""),
        title=own.title,
        lang=context.lang or own.lang,
        published=published if published >= EARLIEST else UNKNOWN_DATE,
        retrieved=retrieved,
        url=context.url or own.url,
        marking=own.marking,
    )
    # A bare id says nothing that the case or the program does not know better.
    return document, [publisher] if publisher and publisher.name != publisher.id else []


def _of_publication(text: str) -> PartialDate:
    """Return the date; raise ``ValueError`` for what is none, or is before anything of this kind was published."""
    date = parse_date(text)
    if date and date < EARLIEST:
        raise ValueError(f"nothing was published on {date}: a date before {EARLIEST}")
    return date


def find_source(name: str) -> Source:
    """Return the known source of that name or id, or one of which nothing but the name is known (reliability F)."""
    name = " ".join(name.split())
    known = source_named(name)
    if known is not None:
        return known
    identifier = re.sub(r"\W+", "-", name.casefold()).strip("-")
    return Source(id=identifier or name, name=name, basis="named by a document; not graded by this centre")


def stated_title(title: str) -> str:
    """Return a title from a file's properties on one line, or nothing where a program made it up."""
    title = " ".join(title.split())
    return "" if _NO_TITLE.match(title) else title


def split_header(text: str) -> tuple[OwnWord, str, list[Issue]]:
    """Return what the header says, the body after it, and what in the header was not taken.

    The header is a block of ``Key: value`` lines at the very top that begins with a known key and ends with a blank
    line. A text without a header is its own body.
    """
    head, blank, body = text.partition("\n\n")
    lines = [_HEADER_LINE.fullmatch(line.strip()) for line in head.split("\n")]
    if not blank or lines[0] is None or lines[0][1].lower() not in _KEYS or None in lines:
        return OwnWord(), text, []
    own, issues = stated_facts((number, line[1], line[2]) for number, line in enumerate(lines, start=1) if line)
    return own, body, issues


def stated_facts(lines: Iterable[tuple[int, str, str]]) -> tuple[OwnWord, list[Issue]]:
    """Return what lines (number, key, value) say of the document, and which of them could not be used."""
    issues: list[Issue] = []
    facts: dict[str, str] = {}
    for number, word, value in lines:
        key = _KEYS.get(word.lower(), "")
        try:
            facts.update(_fact(key, value.strip()))
        except ValueError as error:
            issues.append(Issue(f"line {number}", str(error), lost=bool(key)))
    return msgspec.convert(facts, OwnWord), issues


def _fact(key: str, value: str) -> dict[str, str]:
    """Return a header's fact as a field of :class:`OwnWord`; raise ``ValueError`` where it cannot be used."""
    if not key:
        raise ValueError("this line of the header is not used")
    if key == "published":
        return {key: _of_publication(value)}
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


def file_stem(name: str) -> str:
    """Return the last part of a file's name without its ending: what a list is called that does not say its name."""
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, _ = last.rpartition(".")
    return stem if dot and stem else last
