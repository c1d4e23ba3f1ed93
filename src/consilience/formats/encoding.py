"""Bytes to text: the encoding by its mark, then UTF-8, then a guess that is announced. Line ends become ``\\n``."""

from __future__ import annotations

import codecs
import re
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.model.document import Issue

# UTF-32 before UTF-16: the mark of UTF-16-LE begins that of UTF-32-LE.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The encodings that files without a mark still come in (WHATWG Encoding), by the run length of their letters.
_LATIN: Final = ("cp1252", "cp1250", "cp1254")
_OTHER: Final = ("cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "cp949")
_NOT_OF_DOCUMENTS: Final = frozenset({"utf-7", "idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"})
_SAMPLE: Final = 1 << 16
_NUL_SHARE: Final = 0.01
_CONTROL_SHARE: Final = 0.05


class DecodedText(msgspec.Struct, frozen=True):
    """Text with ``\\n`` line ends, the encoding that it had, and what could not be read or had to be guessed."""

    text: str
    encoding: str
    issues: tuple[Issue, ...] = ()


def decode(data: bytes, name: str) -> DecodedText:
    """Return the text of ``data``; raise :class:`FormatError` where it is empty or no text.

    A guessed encoding and replaced characters are issues that lose nothing that was readable.
    """
    if not data:
        raise FormatError("the file is empty", file=name)
    encoding, skip = _encoding_by_form(data)
    issues = []
    if not encoding:
        encoding = _guess(data[:_SAMPLE])
        issues.append(Issue("", f"not UTF-8: read as {encoding}", lost=False))
    text = data[skip:].decode(encoding, errors="replace")
    broken = text.count("\ufffd") - (data.count(b"\xef\xbf\xbd") if encoding == "utf-8" else 0)
    if broken > 0:
        issues.append(Issue("", f"{broken} characters are not valid {encoding} and were replaced"))
    nul = text.count("\0")
    sample = text[:_SAMPLE]
    controls = sum(letter < " " for letter in sample) - sum(map(sample.count, "\t\n\f\r"))
    if nul > len(text) * _NUL_SHARE or controls > len(sample) * _CONTROL_SHARE:
        raise FormatError("binary data, not text", file=name)
    if nul:
        issues.append(Issue("", f"{nul} NUL characters were replaced"))
        text = text.replace("\0", "\ufffd")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return DecodedText(text, encoding, tuple(issues))


def decode_as(data: bytes, label: str) -> str | None:
    """Return the text of ``data`` in the encoding that a document names; ``None`` where it is not in it, or it is none.

    Labels of ISO 8859-1 and ASCII mean windows-1252, as everywhere on the web (WHATWG Encoding, 4.2). Python's codecs
    for other purposes, which would turn words into other words, are no encodings of documents.
    """
    name = label.strip().lower()
    name = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252"}.get(name, name)
    try:
        if codecs.lookup(name).name in _NOT_OF_DOCUMENTS:
            return None
        text = data.decode(name)
    except (LookupError, ValueError):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding_by_form(data: bytes) -> tuple[str, int]:
    """Return the encoding that the bytes show, and the length of its mark; an empty name where they show none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    head = data[:_SAMPLE]
    half = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    # Latin text in UTF-16 without its mark: every second byte is nought.
    if odd > 0.3 and even < 0.05:
        return "utf-16-le", 0
    if even > 0.3 and odd < 0.05:
        return "utf-16-be", 0
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "", 0
    return "utf-8", 0


def _guess(sample: bytes) -> str:
    """Return the likeliest encoding after charset-normalizer, among those of one kind of script.

    In Latin scripts the letters beyond ASCII stand alone, in others they come in words: that tells the two apart better
    than their sum. Fewer than eight such letters decide nothing, and are taken as windows-1252.
    """
    # Loads in 0.1 s and is needed for few files.
    from charset_normalizer import from_bytes

    runs = re.findall(rb"[\x80-\xff]+", sample)
    letters = sum(map(len, runs))
    latin = letters < 1.5 * len(runs)
    if latin and letters < 8:
        return _LATIN[0]
    best = from_bytes(sample, cp_isolation=list(_LATIN if latin else _OTHER)).best()
    return best.encoding if best is not None else _LATIN[0]
