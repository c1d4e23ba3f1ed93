"""Which format a file has: by its content first, by its name last."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats.columns import column_key, is_claims_header, is_indicator_header
from consilience.formats.encoding import decode
from consilience.knowledge.observable_syntax import classify

_SAMPLE: Final = 1 << 16
_SAMPLE_LINES: Final = 200
_LONGEST_HEAD: Final = 60
_LARGE: Final = 1 << 20

# First bytes, and what to do with a file that has them.
_REFUSED: Final = (
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Office document: save it as PDF or text"),
    (b"{\\rtf", "a Rich Text document: save it as PDF or text"),
    (b"\x89PNG", "an image: only text is read"),
    (b"\xff\xd8\xff", "an image: only text is read"),
    (b"GIF8", "an image: only text is read"),
    (b"II*\x00", "an image: only text is read"),
    (b"MM\x00*", "an image: only text is read"),
    (b"\x7fELF", "an executable: it is never run or read"),
    (b"\xca\xfe\xba\xbe", "an executable: it is never run or read"),
    (b"\xcf\xfa\xed\xfe", "an executable: it is never run or read"),
    (b"PAR1", "a Parquet file: export it as CSV"),
    (b"SQLite format 3\x00", "a SQLite database: export it as CSV"),
)

_ZIP: Final = b"PK\x03\x04"
# What lies in the archive, and what to do with it.
_OFFICE: Final = (
    ("xl/workbook", "a spreadsheet: save the table as CSV"),
    ("ppt/presentation", "a presentation: save it as PDF"),
    ("content.xml", "an OpenDocument file: save it as PDF, DOCX or text"),
)
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_MAIL_FIRST: Final = re.compile(
    r"(?:From \S{1,200} [A-Z][a-z]{2} [A-Z][a-z]{2} "
    r"|(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version|From|To|Cc|Date|Subject|Reply-To|Sender"
    r"|DKIM-Signature|ARC-[\w-]{1,40}|Authentication-Results|Content-Type|X-[\w-]{1,60}):)",
    re.IGNORECASE,
)
_MAIL_LINE: Final = re.compile(r"(?:[!-9;-~]{1,80}:|[ \t]|From \S)")
_MAIL_SURE: Final = re.compile(r"^(?:Message-ID|MIME-Version|Received|Return-Path):", re.IGNORECASE | re.MULTILINE)
_MARKDOWN_NAMES: Final = (".md", ".markdown", ".mdown")
# Kinds of marks of Markdown; two of them in one text are no chance.
_MARKDOWN: Final = (
    re.compile(r"^#{1,6} \S", re.MULTILINE),
    re.compile(r"\[[^\[\]\n]{1,200}\]\(https?://[^\s()]{1,500}\)"),
    re.compile(r"^(?:```|~~~)", re.MULTILINE),
    re.compile(r"^\|?[ :-]{3,40}(?:\|[ :-]{3,40}){1,40}\|?$", re.MULTILINE),
    re.compile(r"(?<![\w*])\*\*[^\s*][^*\n]{0,200}\*\*(?![\w*])"),
    re.compile(r"\A---\n(?:[\w-]{1,40}:[^\n]{0,500}\n){1,40}---\n"),
)

_BUNDLE: Final = re.compile(rb'\s*\{\s*"type"\s*:\s*"bundle"\s*,')
_STIX_1: Final = re.compile(r"stix\.mitre\.org|<(?:\w+:)?STIX_Package")
_HTML: Final = re.compile(r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_HTML_TAG: Final = re.compile(r"</?(?:p|div|span|br|table|tr|td|ul|li|a|h[1-6]|article|section)[\s/>]", re.IGNORECASE)


def detect(data: bytes, name: str) -> str:
    """Return ``stix``, ``misp``, ``ioc-list``, ``csv``, ``html``, ``pdf``, ``docx``, ``e-mail``, ``markdown`` or
    ``text``.

    Raises :class:`FormatError` with what to do for a file that cannot be read here: empty, an archive, an image, an
    executable, STIX 1.x, other JSON or XML, binary data.
    """
    if not data[:_SAMPLE].strip() and not data.strip():
        raise FormatError("the file is empty", file=name)
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_ZIP):
        return _archive_format(data, name)
    _refuse_by_mark(data, name)
    sample = _text_sample(data, name)
    start = sample.lstrip()
    if start[:1] in ("{", "["):
        found = _json_format(data, start, name)
        if found:
            return found
    if _is_mail(start):
        return "e-mail"
    if start[:1] == "<":
        found = _markup_format(sample, name)
        if found:
            return found
    return _text_format(sample, name)


def _archive_format(data: bytes, name: str) -> str:
    """Return ``docx`` for an archive that holds a Word document; its directory is read, and nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise FormatError(f"a ZIP archive or an Office document that cannot be unpacked: {error}", file=name) from error
    if "word/document.xml" in names:
        return "docx"
    for part, reason in _OFFICE:
        if any(each.startswith(part) for each in names):
            raise FormatError(reason, file=name)
    raise FormatError("a ZIP archive: unpack it first", file=name)


def _refuse_by_mark(data: bytes, name: str) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0") and _ENCRYPTED in data:
        raise FormatError("is protected by a password", file=name)
    for mark, reason in _REFUSED:
        if data.startswith(mark):
            raise FormatError(reason, file=name)
    if data[257:262] == b"ustar":
        raise FormatError("a tar archive: unpack it first", file=name)
    if data.startswith(b"MZ") and b"\0" in data[:512]:
        raise FormatError("an executable: it is never run or read", file=name)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        raise FormatError("an image: only text is read", file=name)


def _text_sample(data: bytes, name: str) -> str:
    """Return the text of the first 64 kB, cut at a line end so that no character is cut."""
    head = data[:_SAMPLE]
    if len(data) > _SAMPLE:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:64]
        end = 0 if wide else max(head.rfind(b"\n"), head.rfind(b">"), head.rfind(b" "))
        head = head[:end] if end > 0 else head
    return decode(head, name).text


def _json_format(data: bytes, start: str, name: str) -> str:
    """Return the format of JSON by its outermost keys; empty for text that merely begins with a bracket."""
    raw = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    if len(raw) > _LARGE and _BUNDLE.match(raw):
        return "stix"  # its reader refuses one that is cut or broken; to parse it here too would double the work
    if b"\0" in data[:64]:
        raise FormatError("JSON in UTF-16 or UTF-32: save it as UTF-8 (RFC 8259, 8.1)", file=name)
    try:
        keys = _outer_keys(raw)
    except msgspec.DecodeError as error:
        if start[0] == "[" and not name.lower().endswith(".json"):
            return ""
        raise FormatError(f"begins like JSON but is not: {error}", file=name) from error
    except RecursionError as error:
        raise LimitError("JSON nested too deeply", file=name) from error
    if keys.get("type") == b'"bundle"' or {"spec_version", "id", "type"} <= keys.keys():
        return "stix"
    if keys.keys() & {"Event", "response", "Attribute"} or {"uuid", "info"} <= keys.keys():
        return "misp"
    raise FormatError("JSON, but neither a STIX 2.1 bundle nor a MISP event", file=name)


def _outer_keys(raw: bytes) -> dict[str, bytes]:
    """Return the members of the outermost object, or of the first object of the outermost array, undecoded."""
    if raw.lstrip()[:1] == b"[":
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        if not items:
            return {}
        raw = bytes(items[0])
    return {key: bytes(value) if len(value) < 100 else b"" for key, value in _members(raw).items()}


def _members(raw: bytes) -> dict[str, memoryview]:
    return {key: memoryview(value) for key, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items()}


def _markup_format(sample: str, name: str) -> str:
    if _STIX_1.search(sample):
        raise FormatError("STIX 1.x XML: only STIX 2.1 JSON is read; convert it with stix2-elevator", file=name)
    if _HTML.search(sample):
        return "html"
    if re.match(r"\s*<\?xml", sample):
        raise FormatError("XML of a kind that is not read", file=name)
    return "html" if len(_HTML_TAG.findall(sample)) >= 3 or name.lower().endswith((".html", ".htm")) else ""


def _is_mail(start: str) -> bool:
    """Tell whether the text begins with the header of a message: only fields, a sender, and what only mail has."""
    if not _MAIL_FIRST.match(start):
        return False
    head = start.partition("\n\n")[0]
    if not all(map(_MAIL_LINE.match, head.split("\n"))):
        return False
    return bool(re.search(r"^From:", head, re.IGNORECASE | re.MULTILINE) and _MAIL_SURE.search(head))


def _text_format(sample: str, name: str) -> str:
    lines = [line.strip() for line in sample.split("\n", _SAMPLE_LINES + 1)[: _SAMPLE_LINES + 1]]
    values = [line for line in lines if line and line[0] not in "#;"]
    if not values:
        return "text"
    if _is_table(lines, values, name):
        return "csv"
    listed = sum(map(_is_listed, values))
    if listed >= 0.6 * len(values):
        return "ioc-list"
    if len(_HTML_TAG.findall(sample)) >= 10 or name.lower().endswith((".html", ".htm")):
        return "html"
    marked = name.lower().endswith(_MARKDOWN_NAMES) or sum(bool(kind.search(sample)) for kind in _MARKDOWN) > 1
    return "markdown" if marked else "text"


def _is_listed(line: str) -> bool:
    value = re.split(r"\s+[#;]", line, maxsplit=1)[0]
    if not value or re.search(r"\s", value):
        return False
    return (
        (value[0] == "/" and len(value) > 1) or classify(value) is not None or classify(value.split("/")[0]) is not None
    )


def _is_table(lines: list[str], values: list[str], name: str) -> bool:
    """Tell whether the lines are rows: by a known header, by the name, or by equal cells that hold indicators."""
    comments = [line for line in lines[: lines.index(values[0])] if line.startswith("#")]
    for header in (values[0], *comments[-1:]):
        for delimiter in ",;\t|":
            cells = header.lstrip("# ").split(delimiter)
            if any(len(cell) > _LONGEST_HEAD for cell in cells):
                continue  # a sentence that happens to have "ioc" or "url" between two commas
            keys = [column_key(cell) for cell in cells]
            if is_claims_header(keys) or (is_indicator_header(keys) and (len(keys) > 1 or len(values) > 1)):
                return True
    if name.lower().endswith((".csv", ".tsv", ".tab")) and any(mark in values[0] for mark in ",;\t|"):
        return True
    if len(values) < 3:
        return False
    for delimiter in ",;\t|":
        try:
            rows = [row for row in csv.reader(values, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows):
            with_value = sum(any(classify(cell.strip()) for cell in row) for row in rows)
            return with_value >= 0.6 * len(rows)
    return False
