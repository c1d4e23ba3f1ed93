"""E-mail (RFC 5322, MIME): the body that a reader would see, part by part; attachments are listed, not opened.

Anybody can write a ``From`` line, so the sender is the author and never the source: who published is for the user to
say. The route of a message (``Received``, addresses) is not read as prose. Of alternatives the plain text is read.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Final

from consilience.errors import FormatError, InputError, LimitError
from consilience.formats.context import ReadContext
from consilience.formats.document_facts import Link, OwnWord, ProseReading, check_size, check_text, make_document
from consilience.formats.encoding import decode, decode_as
from consilience.formats.html_tree import all_text, links, parse
from consilience.formats.language import detect_language
from consilience.model.dates import UNKNOWN_DATE, PartialDate, parse_date
from consilience.model.document import Issue, Passage

MOST_PARTS: Final = 200
"""Boundaries and enclosed messages. The parser looks at every line once for each level that is open."""

_NESTING: Final = re.compile(rb"\bboundary[ \t]*[*=]|\bmessage/(?:rfc822|global)\b", re.IGNORECASE)
_YEAR_NOUGHT: Final = re.compile(r"(?<![+-])\b0\d{3}\b")


class _Body:
    """What the parts of a message give."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.issues: list[Issue] = []
        self.links: dict[str, Link] = {}
        self.attachments = 0


def read(data: bytes, context: ReadContext) -> ProseReading:
    """Read a message into one passage for each part of text (``part N``, numbered in the order of the message).

    Raises :class:`FormatError` where there is no text in it, and :class:`LimitError` where it holds too many parts.
    """
    check_size(data, context)
    if sum(1 for _ in _NESTING.finditer(data)) > MOST_PARTS:
        raise LimitError(f"holds more than {MOST_PARTS} parts within parts", file=context.name)
    message = message_from_bytes(data, policy=policy.compat32)
    body = _Body()
    for number, part in enumerate(_leaves(message), start=1):
        try:
            _read_part(part, number, body, context)
        except InputError as error:
            body.issues.append(Issue(f"part {number}", error.reason))
    if not body.texts:
        parts = "; ".join(f"{issue.place}: {issue.reason}" for issue in body.issues)
        raise FormatError(f"there is no text in the message{': ' + parts[:500] if parts else ''}", file=context.name)
    whole = "\n".join(text for _, text in body.texts)
    check_text(whole, context)
    lang = context.lang or detect_language(whole)
    own = OwnWord(
        title=_header(message, "Subject"), author=_header(message, "From"), published=_sent(message), lang=lang
    )
    document, _ = make_document(data, "e-mail", context, own)
    return ProseReading(
        document=document,
        passages=[Passage(text, pointer, document.lang) for pointer, text in body.texts],
        issues=body.issues,
        author=own.author,
        links=tuple(body.links.values()),
    )


def _leaves(message: Message) -> list[Message]:
    """Return the parts that hold something, in order; of alternatives with a plain text, the others are left out."""
    found: list[Message] = []
    waiting = [message]
    while waiting:
        part = waiting.pop()
        inner = part.get_payload()
        if not isinstance(inner, list):
            found.append(part)
            continue
        parts = [each for each in inner if isinstance(each, Message)]
        if part.get_content_subtype() == "alternative" and any(map(_is_plain, parts)):
            parts = [each for each in parts if each.get_content_type() != "text/html"]
        waiting.extend(reversed(parts))
    return found


def _is_plain(part: Message) -> bool:
    return part.get_content_type() == "text/plain" and bool(_bytes(part).strip())


def _read_part(part: Message, number: int, body: _Body, context: ReadContext) -> None:
    kind, pointer = part.get_content_type(), f"part {number}"
    data = _bytes(part)
    if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
        body.attachments += 1
        name = _parameter(part, "filename", "Content-Disposition") or _parameter(part, "name") or "without a name"
        told = f"{name} ({kind}, {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()})"
        body.issues.append(Issue(f"attachment {body.attachments}", f"{told}: add it as a file of its own"))
        return
    if not data.strip():
        return
    text, issue = _text(data, part, context)
    if issue:
        body.issues.append(Issue(pointer, issue, lost=False))
    if kind == "text/html":
        tree = parse(text, context)
        for link in links(tree):
            body.links.setdefault(link.url, link)
        text = all_text(tree)
    if text.strip():
        body.texts.append((pointer, text))


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(data: bytes, part: Message, context: ReadContext) -> tuple[str, str]:
    """Return the text of a part in the encoding that it names, else as any text, and what had to be guessed."""
    charset = _parameter(part, "charset")
    text = decode_as(data, charset) if charset else None
    if text is not None:
        return text.replace("\0", "\ufffd"), ""
    decoded = decode(data, context.name)
    reasons = [f"the part is not in {charset[:40]}, as it says"] if charset else []
    return decoded.text, "; ".join([*reasons, *(issue.reason for issue in decoded.issues)])


def _parameter(part: Message, name: str, header: str = "Content-Type") -> str:
    """Return a parameter of a header, or nothing where it is missing or written so that the library trips on it."""
    try:
        value = part.get_param(name, "", header)
        return _decoded(collapse_rfc2231_value(value) if isinstance(value, (str, tuple)) else "")[:200]
    except (TypeError, ValueError):
        return ""


def _header(message: Message, name: str) -> str:
    return _decoded(str(message.get(name, "")))[:500]


def _decoded(text: str) -> str:
    """Return a header's words on one line; what cannot be decoded stays as it stands."""
    with suppress(MessageError, LookupError, ValueError):
        text = str(make_header(decode_header(text)))
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _sent(message: Message) -> PartialDate:
    """Return when the message says it was sent; unknown for a year before 1000, which the library moves to 2000."""
    written = _header(message, "Date")
    if _YEAR_NOUGHT.search(written):
        return UNKNOWN_DATE
    try:
        return parse_date(parsedate_to_datetime(written).isoformat())
    except (TypeError, ValueError, IndexError, OverflowError):
        return UNKNOWN_DATE
