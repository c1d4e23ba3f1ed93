"""What a document says of itself, and what the case says of it: the case wins."""

from __future__ import annotations

import re

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats.context import ReadContext, sha256
from consilience.knowledge.sources import source_named
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Document
from consilience.model.marking import Marking
from consilience.model.source import Source


class OwnWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of itself. ``source`` is a name or an id; all are empty where nothing is said."""

    title: str = ""
    source: str = ""
    url: str = ""
    published: PartialDate = UNKNOWN_DATE
    lang: str = ""
    marking: Marking = Marking.CLEAR


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

    Raises :class:`FormatError` where ``context.published`` is no date.
    """
    publisher = None if context.source or not own.source else find_source(own.source)
    try:
        published = parse_date(context.published) or own.published
    except ValueError as error:
        raise FormatError(str(error), file=context.name, place="published") from error
    document = Document(
        sha256=sha256(data),
        name=context.name,
        format=format,
        size=len(data),
        source=context.source or (publisher.id if publisher else ""),
        title=own.title,
        lang=context.lang or own.lang,
        published=published,
        url=context.url or own.url,
        marking=own.marking,
    )
    # A bare id says nothing that the case or the program does not know better.
    return document, [publisher] if publisher and publisher.name != publisher.id else []


def find_source(name: str) -> Source:
    """Return the known source of that name or id, or one of which nothing but the name is known (reliability F)."""
    name = " ".join(name.split())
    known = source_named(name)
    if known is not None:
        return known
    identifier = re.sub(r"\W+", "-", name.casefold()).strip("-")
    return Source(id=identifier or name, name=name, basis="named by a document; not graded by this centre")


def file_stem(name: str) -> str:
    """Return the last part of a file's name without its ending: what a list is called that does not say its name."""
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, _ = last.rpartition(".")
    return stem if dot and stem else last
