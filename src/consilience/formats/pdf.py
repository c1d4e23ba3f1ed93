"""PDF: one passage for each page that has text. Pictures of text are not read.

The file is opened by a child process (:mod:`consilience.formats.pdf_pages`) whose memory and time are bounded. A line
that ends in a hyphen stays two lines. The date of the file is not the date of publication, so ``published`` comes from
the case alone.
"""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import OwnWord, ProseReading, check_size, make_document, stated_title
from consilience.formats.language import detect_language
from consilience.formats.pdf_pages import LIMIT
from consilience.model.document import Issue, Passage

MEGABYTES: Final = 1_536
"""Address space of the child process. pdfium itself stops a stream that expands to more than 1 GB."""


class _Page(msgspec.Struct):
    text: str = ""
    error: str = ""


class _Answer(msgspec.Struct):
    pages: list[_Page] = []
    title: str = ""
    author: str = ""
    error: str = ""
    kind: str = ""
    place: str = ""


def read(data: bytes, context: ReadContext) -> ProseReading:
    """Read a PDF into one passage for each page (``page N``, offsets within the page).

    Raises :class:`FormatError` where it has no text layer, is protected or broken, and :class:`LimitError` where it
    has too many pages or characters, or needs too much memory or time.
    """
    check_size(data, context)
    answer = _ask_child(data, context)
    if answer.error:
        refuse = LimitError if answer.kind == LIMIT else FormatError
        raise refuse(answer.error, file=context.name, place=answer.place)
    texts = {number: page.text for number, page in enumerate(answer.pages, start=1) if page.text.strip()}
    if not texts:
        raise FormatError("no text layer (a scan?)", file=context.name)
    issues = [
        Issue(f"page {number}", page.error or "no text on the page (a picture?)", lost=bool(page.error))
        for number, page in enumerate(answer.pages, start=1)
        if number not in texts
    ]
    lang = context.lang or detect_language("\n".join(texts.values()))
    own = OwnWord(title=stated_title(answer.title), lang=lang)
    document, _ = make_document(data, "pdf", context, own)
    passages = [Passage(text, f"page {number}", document.lang) for number, text in texts.items()]
    return ProseReading(document=document, passages=passages, issues=issues, author=" ".join(answer.author.split()))


def _ask_child(data: bytes, context: ReadContext) -> _Answer:
    limits = context.limits
    seconds = max(1, math.ceil(limits.seconds))
    bounds = (MEGABYTES, seconds, limits.pages, limits.text)
    # -P: nothing is imported from the folder that the user happens to stand in.
    command = [sys.executable, "-P", "-m", "consilience.formats.pdf_pages", *map(str, bounds)]
    try:
        # The command is fixed; the document comes on standard input.
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise LimitError(f"takes more than {seconds} s to be read", file=context.name) from error
    if done.returncode == 0:
        return msgspec.json.decode(done.stdout, type=_Answer)
    if done.returncode < 0:
        reason = f"needs more than {MEGABYTES:,} MB or {seconds} s to be read, or makes the PDF reader fail"
        raise LimitError(reason, file=context.name)
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    raise FormatError(f"the PDF reader failed: {last[:200]}", file=context.name)
