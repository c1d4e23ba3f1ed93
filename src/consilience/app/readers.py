"""Which reader reads which format, and the names to look for in prose.

Readers are imported when first used: most runs need one or two.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

import msgspec

from consilience.app.settings import Settings
from consilience.errors import ConsilienceError, FormatError
from consilience.formats.context import ReadContext
from consilience.formats.detect import detect
from consilience.knowledge.sources import known_sources, source_for_url
from consilience.model.document import Document, Reading

if TYPE_CHECKING:  # the rules for prose load only when there is prose
    from consilience.extract.passages import Lexicon

Reader = Callable[[bytes, ReadContext], Reading]

READERS: Final = {
    "stix": "consilience.formats.stix",
    "misp": "consilience.formats.misp",
    "ioc-list": "consilience.formats.ioc_list",
    "csv": "consilience.formats.csv_table",
    "text": "consilience.formats.text",
    "html": "consilience.formats.html",
    "pdf": "consilience.formats.pdf",
    "docx": "consilience.formats.docx",
    "e-mail": "consilience.formats.email_message",
    "markdown": "consilience.formats.markdown",
}


def read(data: bytes, context: ReadContext) -> Reading:
    """Read a document whose format is found by its content.

    Raises :class:`~consilience.errors.InputError` where nothing of it can be used, also where a parser fails on it in
    a way that it does not document: one bad document never stops a batch.
    """
    kind = detect(data, context.name)
    reader: Reader = import_module(READERS[kind]).read
    try:
        reading = reader(data, context)
    except ConsilienceError:
        raise
    except Exception as error:  # the parsers of others meet hostile bytes here
        reason = f"the reader of {kind} failed on it: {type(error).__name__}: {error}"[:300]
        raise FormatError(reason, file=context.name) from error
    return msgspec.structs.replace(reading, document=_with_publisher(_dated(reading)))


def open_lexicon(where: Settings) -> Lexicon:
    """Return the names to look for in prose, from all that is known."""
    from consilience.extract.passages import build_lexicon
    from consilience.knowledge.index import open_knowledge

    knowledge = open_knowledge(where.cache, where.extra)
    return build_lexicon(knowledge.gazetteer(), known_sources())


def _dated(reading: Reading) -> Document:
    """Give a document without a day of publication the day that its own first lines give."""
    document = reading.document
    if document.published or not reading.passages:
        return document
    from consilience.extract.datelines import dateline

    first = reading.passages[0]
    day = dateline(first.text, (first.lang or document.lang)[:2].lower())
    return msgspec.structs.replace(document, published=day) if day else document


def _with_publisher(document: Document) -> Document:
    """Give a document whose publisher is not said the publisher of its URL, or one of its own: nobody else's word."""
    if document.source:
        return document
    known = source_for_url(document.url) if document.url else None
    return msgspec.structs.replace(document, source=known.id if known else "file:" + document.name)
