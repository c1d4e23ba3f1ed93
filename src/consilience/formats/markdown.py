r"""Markdown: the words that a reader would see, in one passage, with ``\n`` line ends; offsets count those words.

Headings, emphasis, list items, tables, code and links lose their marks and keep their words (CommonMark 0.31; tables
as GitHub writes them); comments and tags go. Code stays as it is to the letter, since that is where paths, rules and
addresses stand. A mark inside a word stays: ``hxxp``, ``h**p`` and ``snake_case`` are no emphasis. What a document says
of itself is read from front matter, or from a header as in plain text.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

import msgspec

from consilience.errors import FormatError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import (
    Link,
    OwnWord,
    ProseReading,
    check_size,
    check_text,
    make_document,
    split_header,
    stated_facts,
)
from consilience.formats.encoding import decode
from consilience.formats.language import detect_language
from consilience.model.document import Issue, Passage

MOST_LINKS: Final = 2_000
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_RULER: Final = re.compile(r"=+|-+|(?:[-*_][ \t]*){3,200}")
_ITEM: Final = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTED: Final = re.compile(r"(?: {0,3}> ?){1,50}")
_DELIMITERS: Final = re.compile(r"\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?")
_DEFINITION: Final = re.compile(r" {0,3}\[([^\[\]]{1,200})\]:[ \t]*<?(https?://[^\s<>]{1,2048})>?.{0,300}", re.I)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# One pass from the left; each part is bounded, so that a line of any length is read in linear time.
_INLINE: Final = re.compile(
    r"(?P<tick>`{1,8})(?P<code>[^`]{1,2000})(?P=tick)(?!`)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|!?\[(?P<words>[^\[\]]{0,500})\](?:\((?P<target>[^\s()]{0,2048}(?:\([^\s()]{0,200}\)[^\s()]{0,500})?)"
    r"(?:[ \t]+[\"'(][^\"'()]{0,300}[\"')])?\)|\[(?P<key>[^\[\]]{0,200})\])"
    r"|<(?P<address>https?://[^\s<>]{1,2048})>"
    r"|</?[a-zA-Z][^<>]{0,300}>"
)
_STRONG: Final = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]{1,1000}?)(?<=[^\s*])\1(?![\w*])")
_UNDERLINED: Final = re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])([^_\n]{1,1000}?)(?<=[^\s_])\1(?![\w_])")
_STRUCK: Final = re.compile(r"(?<![\w~])~~(?=[^\s~])([^~\n]{1,1000}?)(?<=[^\s~])~~(?![\w~])")
# Code and escaped marks wait behind a letter of the private use area while emphasis is taken away.
_KEPT: Final = "\ue000"


def read(data: bytes, context: ReadContext) -> ProseReading:
    """Read Markdown into one passage of its words.

    Raises :class:`FormatError` for an empty or binary file, :class:`LimitError` for one that is too large.
    """
    check_size(data, context)
    decoded = decode(data, context.name)
    check_text(decoded.text, context)
    own, body, issues = _front_matter(decoded.text)
    text, title, pointed = plain_words(body)
    if not text.strip():
        raise FormatError("there is no text in it", file=context.name)
    lang = context.lang or own.lang or detect_language(text)
    own = msgspec.structs.replace(own, title=own.title or title, lang=lang)
    document, sources = make_document(data, "markdown", context, own)
    return ProseReading(
        document=document,
        sources=sources,
        passages=[Passage(text, lang=document.lang)],
        issues=[*decoded.issues, *issues],
        author=own.author,
        links=pointed,
    )


def _front_matter(text: str) -> tuple[OwnWord, str, list[Issue]]:
    """Return what the front matter says (flat ``key: value`` lines between two ``---``), and the body behind it."""
    if not text.startswith("---\n"):
        return split_header(text)
    end = text.find("\n---\n", 3)
    if end < 0:
        return OwnWord(), text, []
    lines = []
    for number, line in enumerate(text[4 : end + 1].splitlines(), start=2):
        key, colon, value = line.partition(":")
        if colon and key == key.strip():
            lines.append((number, key, value.strip().strip("\"'")))
    own, issues = stated_facts(line for line in lines if line[2])
    return own, text[end + 5 :], issues


def plain_words(text: str) -> tuple[str, str, tuple[Link, ...]]:
    """Return the words of a Markdown text, its first heading, and its links, each address once."""
    text = _COMMENT.sub("", text).replace(_KEPT, "\ufffd")
    defined: dict[str, str] = {}
    found: dict[str, Link] = {}
    lines: list[str] = []
    title = fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif fence:
            lines.append(line)
        elif (definition := _DEFINITION.fullmatch(line)) is not None:
            defined[definition[1].lower()] = definition[2]
        elif not (_RULER.fullmatch(line.strip()) or _DELIMITERS.fullmatch(line.strip())):
            heading = _heading(line.strip())
            words = _words(heading or _bare(line), found)
            title = title or (words if heading else "")
            lines.append(words)
    for key, url in defined.items():
        _keep(found, Link(url, key))
    return "\n".join(lines), title, tuple(found.values())


def _heading(line: str) -> str:
    """Return the words of a heading that begins with one to six number signs, or nothing where it is none."""
    words = line.lstrip("#")
    if not 0 < len(line) - len(words) <= 6 or words[:1] not in (" ", "\t"):
        return ""
    closed = words.rstrip("#")
    return (closed if closed[-1:] in (" ", "\t") else words).strip()


def _bare(line: str) -> str:
    """Return a line without the marks of a quotation, a list item or the cells of a table."""
    line = _QUOTED.sub("", line, count=1) if line.lstrip().startswith(">") else line
    line = _ITEM.sub(r"\1", line, count=1) if _ITEM.match(line) else line
    if line.lstrip().startswith("|"):
        return " | ".join(cell.strip() for cell in line.strip().strip("|").split("|"))
    return line


def _words(line: str, found: dict[str, Link]) -> str:
    kept: list[str] = []

    def plain(match: re.Match[str]) -> str:
        if match["code"] is not None or match["escaped"]:
            kept.append(match["code"] or match["escaped"])
            return _KEPT
        if match["words"] is not None:
            _keep(found, Link(match["target"] or "", match["words"]))
            return match["words"]
        if match["address"]:
            _keep(found, Link(match["address"], match["address"]))
        return match["address"] or ""

    line = unescape(_INLINE.sub(plain, line))
    for pattern in (_STRONG, _UNDERLINED):
        line = pattern.sub(r"\2", line)
    line = _STRUCK.sub(r"\1", line)
    rest = iter(kept)
    return "".join(next(rest) if letter == _KEPT else letter for letter in line) if kept else line


def _keep(found: dict[str, Link], link: Link) -> None:
    if link.url.lower().startswith(("http://", "https://")) and len(found) < MOST_LINKS:
        found.setdefault(link.url, link)
