r"""Plain text: one passage, with ``\n`` line ends, whose offsets count from the start of the body.

A block of ``Key: value`` lines at the very top, closed by a blank line, is read as what the document says of itself and
is not part of the body. It begins with a key that is known: Title, Source, Author, URL, Date (or Published), Language,
TLP, in English or French. Zero-width characters stay in the text: they belong to what was published.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import (
    ProseReading,
    check_size,
    check_text,
    make_document,
    split_header,
)
from consilience.formats.encoding import decode
from consilience.formats.language import detect_language
from consilience.model.document import Passage

_LONGEST_TITLE: Final = 160


def read(data: bytes, context: ReadContext) -> ProseReading:
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
    return ProseReading(
        document=document,
        sources=sources,
        passages=[Passage(body, lang=document.lang)],
        issues=[*decoded.issues, *issues],
        author=own.author,
    )


def _title(body: str) -> str:
    """Return the first line that is not blank, if it is short, without the marks of a heading."""
    first = body.strip().split("\n", 1)[0].strip()
    if len(first) > _LONGEST_TITLE:
        return ""
    return re.sub(r"\A#{1,6}\s+|\s+#*\Z", "", first)
