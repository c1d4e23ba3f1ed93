"""The child process that opens a PDF: bytes on standard input, the text of its pages as JSON on standard output.

pdfium is a large C++ library and a PDF may expand without bound, so it runs where its memory and its time can be cut
off. Run as ``python -m consilience.formats.pdf_pages MEGABYTES SECONDS PAGES CHARACTERS``.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

FORMAT: Final = "format"
LIMIT: Final = "limit"
_PASSWORD: Final = 4
_HYPHEN: Final = str.maketrans({"\x02": "-\n", "\ufffe": "-\n", "\r": None, "\0": "\ufffd"})


def main(arguments: list[str]) -> None:
    """Read the document and write ``{"pages", "title", "author"}``, or ``{"error", "kind", "place"}``."""
    megabytes, seconds, pages, characters = map(int, arguments)
    _bound(megabytes, seconds)
    try:
        answer = _pages(sys.stdin.buffer.read(), pages, characters)
    except MemoryError:
        answer = {"kind": LIMIT, "error": f"needs more than {megabytes:,} MB to be read", "place": ""}
    sys.stdout.write(json.dumps(answer))


def _bound(megabytes: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system: the parent's clock alone bounds it
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _pages(data: bytes, most_pages: int, most_characters: int) -> dict[str, Any]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD:
            return {"kind": FORMAT, "error": "is protected by a password", "place": ""}
        return {"kind": FORMAT, "error": f"not a readable PDF: {error}", "place": ""}
    if len(document) > most_pages:
        return {"kind": LIMIT, "error": f"has {len(document):,} pages, more than {most_pages:,}", "place": ""}
    pages = []
    left = most_characters
    for number in range(len(document)):
        try:
            page = document[number]
            text = page.get_textpage().get_text_bounded()
        except pypdfium2.PdfiumError as error:
            pages.append({"error": f"the page cannot be read: {error}"})
            continue
        # pdfium joins a line that ends in a hyphen with the next and marks the place: the break is put back.
        text = text.translate(_HYPHEN).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        page.close()
        left -= len(text)
        if left < 0:
            place = f"page {number + 1}"
            return {"kind": LIMIT, "error": f"has more than {most_characters:,} characters", "place": place}
        pages.append({"text": text})
    properties = {name.lower(): document.get_metadata_value(name) for name in ("Title", "Author")}
    return {"pages": pages, **properties}


if __name__ == "__main__":
    main(sys.argv[1:])
