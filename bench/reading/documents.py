"""Documents: a 300-page PDF, and 1,000 reports in six formats, each read and stored by `consilience add`.

Usage: ``python bench/reading/documents.py [--reports 1000] [--pages 300]``

The words are those of the 144 public reports in the shared data where these are there, else made-up sentences. They
are written as text, web pages, Markdown, Word documents, e-mail and PDF while the benchmark runs. The real texts come
again in another format and with another number, so that no bytes are the same: what is measured is reading, not what
is found. A PDF is opened in a process of its own; memory is that of the largest process.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from html import escape
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import pikepdf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from processes import CONSILIENCE, DATA, Row, Usage, measure

LINES: Final = 45
"""Lines on a page, each of at most 90 characters: 500 to 600 words, as in a printed report."""

_WIDTH: Final = 90
_MADE_UP: Final = (
    "ESET attributes the attack against the ministry in March 2023 to Gamaredon with high confidence.",
    "The malware contacted 203.0.113.7 and update[.]example[.]net before it removed its own files.",
    "According to the agency, the group is likely linked to Russia and has used the tool since 2019.",
    "Analysts of the company found no evidence that the two groups work together, they wrote on Monday.",
)


def run() -> list[Row]:
    """Measure both as whole processes."""
    return measured(1_000, 300)


def measured(reports: int, pages: int) -> list[Row]:
    """Make the documents in a folder that is removed at the end, and time one addition of each kind."""
    texts, whose = _texts()
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder, "reports")
        many.mkdir()
        for number, text in enumerate(islice(cycle(texts), reports)):
            ending, write = _FORMATS[number % len(_FORMATS)]
            (many / f"report-{number:05d}.{ending}").write_bytes(write(f"Report number {number}.\n\n{text}"))
        size = sum(path.stat().st_size for path in many.iterdir())
        long = Path(folder, "long.pdf")
        lines = [line for text in texts for line in _lines(text)]
        long.write_bytes(_pdf_of(list(islice(cycle(lines), pages * LINES))))
        one, all_of_them = _added(folder, "one", long), _added(folder, "many", many)
    what = f"{reports:,} reports in six formats ({size / 1e6:.0f} MB, {whose})"
    seconds = f"{all_of_them.wall:.0f} s wall, {all_of_them.cpu:.0f} s of processor"
    return [
        Row(
            f"a PDF of {pages} pages, read and stored: wall",
            f"{one.wall:.1f} s ({one.cpu:.1f} s of processor)",
            "< 10 s",
            one.wall < 10,
        ),
        Row("the same, memory of the largest process", f"{one.peak_mb:.0f} MB", "< 300 MB", one.peak_mb < 300),
        Row(f"{what}, read and stored", seconds, "< 2 minutes", all_of_them.wall < 120),
        Row("the same, memory of the largest process", f"{all_of_them.peak_mb:.0f} MB", "", None),
    ]


def _added(folder: str, workspace: str, path: Path) -> Usage:
    """Add to a new workspace; knowledge has its index, as it has for everybody after the first command."""
    command = [*CONSILIENCE, "--workspace", f"{folder}/{workspace}"]
    measure([*command, "who", "Gamaredon"])
    return measure([*command, "add", str(path)])


def _texts() -> tuple[list[str], str]:
    """Return the texts and whose they are."""
    packed = DATA / "reports" / "attack-attribution-dev.tar.xz"
    if not packed.exists():
        return [" ".join(islice(cycle(_MADE_UP[n:] + _MADE_UP[:n]), 150)) for n in range(4)], "made-up sentences"
    texts = []
    with tarfile.open(packed) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            file = archive.extractfile(member) if member.name.endswith(".txt") else None
            if file is not None:
                texts.append(file.read().decode("utf-8", "replace"))
    return texts, f"the words of {len(texts)} public ones"


def _lines(text: str) -> list[str]:
    return [line[start : start + _WIDTH] for line in text.splitlines() for start in range(0, max(len(line), 1), _WIDTH)]


def _text(text: str) -> bytes:
    return text.encode()


def _page(text: str) -> bytes:
    paragraphs = "".join(f"<p>{escape(line)}</p>\n" for line in text.splitlines() if line.strip())
    menu = '<nav><a href="/">Home</a> <a href="/blog">Blog</a></nav>'
    head = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A report</title></head>'
    return f"{head}<body>{menu}<article>{paragraphs}</article><footer>Cookies</footer></body></html>".encode()


def _markdown(text: str) -> bytes:
    return f"---\ntitle: A report\nlang: en\n---\n\n# A **report**\n\n{text}".encode()


def _word(text: str) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kept = "".join(letter for letter in text if letter >= " " or letter in "\t\n")
    paragraphs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in kept.splitlines())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{paragraphs}</w:body></w:document>'
        )
    return out.getvalue()


def _mail(text: str) -> bytes:
    message = EmailMessage()
    message["From"] = "analyst@example.org"
    message["Subject"] = "A report"
    message["Message-ID"] = "<1@example.org>"
    message.set_content(text)
    return message.as_bytes()


def _pdf(text: str) -> bytes:
    return _pdf_of(_lines(text))


def _pdf_of(lines: list[str]) -> bytes:
    document = pikepdf.new()
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    resources = document.make_indirect(pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font)))
    for start in range(0, max(len(lines), 1), LINES):
        shown = b"".join(b"(%s) Tj 0 -16 Td " % _escaped(line) for line in lines[start : start + LINES])
        document.add_blank_page(page_size=(595, 842))
        stream = pikepdf.Stream(document, b"BT /F 10 Tf 50 790 Td " + shown + b"ET")
        document.pages[-1].Contents = document.make_indirect(stream)
        document.pages[-1].Resources = resources
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _escaped(line: str) -> bytes:
    line = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return line.encode("cp1252", "replace")


# Of twenty reports: eight texts, five web pages, two each of Markdown, Word and PDF, one message.
_FORMATS: Final[tuple[tuple[str, Callable[[str], bytes]], ...]] = (
    *(("txt", _text),) * 8,
    *(("html", _page),) * 5,
    *(("md", _markdown),) * 2,
    *(("docx", _word),) * 2,
    *(("pdf", _pdf),) * 2,
    ("eml", _mail),
)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=1_000)
    parser.add_argument("--pages", type=int, default=300)
    arguments = parser.parse_args()
    for row in measured(arguments.reports, arguments.pages):
        print(f"{row.what}: {row.figure} (goal {row.goal or 'none'})")
