"""Word documents (Office Open XML, ISO/IEC 29500): the visible words, a line for each paragraph or row of a table.

The file is a ZIP archive of XML. Of its parts only five are opened, each within bounds, and read as a stream. A part
with a document type is refused: the standard forbids it (part 2), and only there entities could be declared.
Deleted and hidden words are not read. The dates of the file are not dates of publication.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from consilience.errors import FormatError, LimitError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import (
    Link,
    OwnWord,
    ProseReading,
    check_size,
    check_text,
    make_document,
    stated_title,
)
from consilience.formats.language import detect_language
from consilience.model.document import Issue, Passage

MOST_ENTRIES: Final = 10_000
LARGEST_PART: Final = 1 << 26
"""Bytes that a part may unpack to. The text of a 1,000-page report takes a tenth of it."""

LARGEST_RATIO: Final = 200
"""How far a part over 1 MB may expand. Word's own XML shrinks ten to fifty times; a bomb a thousand times."""

_SMALL: Final = 1 << 20
_BODY: Final = "word/document.xml"
_NOTES: Final = (("footnotes", "word/footnotes.xml"), ("endnotes", "word/endnotes.xml"))
_PROPERTIES: Final = "docProps/core.xml"
_TARGETS: Final = "word/_rels/document.xml.rels"
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
# Deleted words, words at the place that they were moved from, and what older programs show instead of a drawing.
_NOT_READ: Final = frozenset({"del", "moveFrom", "Fallback"})
_HIDDEN: Final = "consilience-hidden"
_WORDS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}


class _Text(msgspec.Struct):
    """The words of a part as they come; ``cell`` and ``skipped`` count the table cells and unread parts now open."""

    lines: list[str] = []
    line: list[str] = []
    row: list[str] = []
    linked: dict[str, str] = {}
    link: str = ""
    link_start: int = 0
    cell: int = 0
    skipped: int = 0
    hidden: int = 0


def read(data: bytes, context: ReadContext) -> ProseReading:
    """Read a document into one passage of its body, and one each for footnotes and endnotes.

    Raises :class:`FormatError` where it is broken or holds no words, and :class:`LimitError` where it expands too far.
    """
    check_size(data, context)
    with _opened(data, context) as archive:
        body = _words_of(archive, _BODY, context)
        notes = {name: _words_of(archive, part, context) for name, part in _NOTES if part in archive.namelist()}
        own = _properties(archive, context)
        pointed = _links(archive, body.linked, context)
    passages = {"": body, **notes}
    texts = {pointer: text for pointer, each in passages.items() if (text := "\n".join(each.lines)).strip()}
    if not texts:
        raise FormatError("there is no text in it", file=context.name)
    check_text("".join(texts.values()), context)
    hidden = sum(each.hidden for each in passages.values())
    lang = context.lang or detect_language("\n".join(texts.values()))
    document, _ = make_document(data, "docx", context, msgspec.structs.replace(own, lang=lang))
    return ProseReading(
        document=document,
        passages=[Passage(text, pointer, document.lang) for pointer, text in texts.items()],
        issues=[Issue("", f"{hidden} runs of hidden words were not read")] if hidden else [],
        author=own.author,
        links=pointed,
    )


def _opened(data: bytes, context: ReadContext) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise FormatError(f"not a readable Word document: {error}", file=context.name) from error
    if len(archive.namelist()) > MOST_ENTRIES:
        raise LimitError(f"has more than {MOST_ENTRIES:,} parts", file=context.name)
    if _BODY not in archive.namelist():
        raise FormatError(f"not a Word document: it has no {_BODY}", file=context.name)
    return archive


def _part(archive: zipfile.ZipFile, name: str, context: ReadContext) -> bytes:
    """Return the bytes of a part; what it says of its size is checked before, and what it unpacks to while reading."""
    told = archive.getinfo(name)
    if told.flag_bits & 1:
        raise FormatError("is protected by a password", file=context.name, place=name)
    expands = told.file_size > _SMALL and told.file_size > LARGEST_RATIO * max(1, told.compress_size)
    if told.file_size > LARGEST_PART or expands:
        raise LimitError(
            f"unpacks from {told.compress_size:,} to {told.file_size:,} bytes", file=context.name, place=name
        )
    try:
        with archive.open(told) as packed:
            return packed.read(LARGEST_PART)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise FormatError(f"the part cannot be unpacked: {error}", file=context.name, place=name) from error


def _events(data: bytes, name: str, context: ReadContext) -> Iterator[tuple[str, Any]]:
    """Yield the starts and ends of a part's elements; an element is emptied once its end was yielded."""
    from lxml import etree

    try:
        walk = etree.iterparse(
            io.BytesIO(data),
            events=("start", "end"),
            remove_comments=True,
            remove_pis=True,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        first = True
        for event, element in walk:
            if first and element.getroottree().docinfo.internalDTD is not None:
                raise FormatError("has a document type, which Word never writes", file=context.name, place=name)
            first = False
            yield event, element
            if event == "end":
                element.clear(keep_tail=False)
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise FormatError(f"broken XML: {error}", file=context.name, place=name) from error


def _words_of(archive: zipfile.ZipFile, name: str, context: ReadContext) -> _Text:
    found = _Text()
    for event, element in _events(_part(archive, name, context), name, context):
        if event == "start":
            _open(_kind(element), element, found)
        else:
            _end(_kind(element), element, found)
    return found


def _open(kind: str, element: Any, found: _Text) -> None:  # noqa: ANN401
    found.skipped += kind in _NOT_READ
    found.cell += kind == "tc"
    if kind == "hyperlink":
        found.link, found.link_start = _attribute(element, "id"), len(found.line)


def _end(kind: str, element: Any, found: _Text) -> None:  # noqa: ANN401
    if kind in _NOT_READ:
        found.skipped -= 1
    elif kind == "hyperlink":
        found.linked.setdefault(found.link, "".join(found.line[found.link_start :]))
    elif kind == "vanish" and _attribute(element, "val") not in ("0", "false", "off"):
        _hide_run(element, found)
    elif kind == "t" and not found.skipped and element.getparent().get(_HIDDEN) is None:
        found.line.append(element.text or "")
    elif kind in _WORDS and not found.skipped:
        found.line.append(_WORDS[kind])
    else:
        _close(kind, found)


def _hide_run(element: Any, found: _Text) -> None:  # noqa: ANN401
    """Mark the run whose properties hide it; they come before its words."""
    properties = element.getparent()
    run = properties.getparent() if properties is not None else None
    if run is not None and _kind(run) == "r":
        run.set(_HIDDEN, "1")
        found.hidden += 1


def _close(kind: str, found: _Text) -> None:
    """End a paragraph, a cell or a row. Paragraphs within a cell stay on its line."""
    if kind == "p" and found.cell:
        found.line.append(" ")
    elif kind == "p":
        found.lines.append("".join(found.line).rstrip())
        found.line.clear()
    elif kind == "tc":
        found.cell -= 1
        found.row.append(" ".join("".join(found.line).split()))
        found.line.clear()
    elif kind == "tr":
        found.lines.append(" | ".join(found.row))
        found.row.clear()


def _kind(element: Any) -> str:  # noqa: ANN401
    """Return the name of an element of the word processing language, or an empty text for any other."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    if tag.startswith((_W, _STRICT)):
        return tag.rpartition("}")[2]
    return "Fallback" if tag.endswith("}Fallback") else ""


def _attribute(element: Any, name: str) -> str:  # noqa: ANN401
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def _properties(archive: zipfile.ZipFile, context: ReadContext) -> OwnWord:
    if _PROPERTIES not in archive.namelist():
        return OwnWord()
    found: dict[str, str] = {}
    for event, element in _events(_part(archive, _PROPERTIES, context), _PROPERTIES, context):
        if event == "end" and isinstance(element.tag, str):
            found.setdefault(element.tag.rpartition("}")[2], " ".join((element.text or "").split()))
    return OwnWord(title=stated_title(found.get("title", "")), author=found.get("creator", ""))


def _links(archive: zipfile.ZipFile, linked: dict[str, str], context: ReadContext) -> tuple[Link, ...]:
    """Return the web addresses behind the words that are linked, each once."""
    if _TARGETS not in archive.namelist():
        return ()
    found: dict[str, Link] = {}
    for event, element in _events(_part(archive, _TARGETS, context), _TARGETS, context):
        url, key = element.get("Target") or "", element.get("Id") or ""
        if event == "end" and key in linked and url.lower().startswith(("http://", "https://")):
            found.setdefault(url, Link(url, linked[key].strip()))
    return tuple(found.values())
