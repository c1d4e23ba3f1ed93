"""What a reader is told beside the bytes, and how much it may swallow."""

from __future__ import annotations

import hashlib

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on input; crossing one is a LimitError, or a reject of the part that crosses it.

    Sizes are in bytes, except ``line`` in characters; ``depth`` counts nested JSON arrays and objects.
    """

    document: int = 1 << 29
    line: int = 1 << 16
    depth: int = 64
    text: int = 1 << 26
    pages: int = 5_000
    seconds: float = 60.0


class ReadContext(msgspec.Struct, frozen=True, kw_only=True):
    """The name of the document as the user gave it, and what the case or the command line says of it.

    ``source`` is the id of the publisher, ``published`` and ``retrieved`` are partial dates, ``mapping`` is the CSV
    column mapping (``column=field,...``). Each is empty where nothing was said; then the document's own word counts.
    """

    name: str
    source: str = ""
    url: str = ""
    published: str = ""
    retrieved: str = ""
    lang: str = ""
    mapping: str = ""
    limits: Limits = Limits()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hex: the name of a document."""
    return hashlib.sha256(data).hexdigest()
