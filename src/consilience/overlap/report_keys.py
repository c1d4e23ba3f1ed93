"""What names a report, however its address is spelt."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

NOT_STATED: Final = "report not stated"


def key_of(source: str, report: str) -> str:
    """Return what names a report: its URL without scheme, ``www.``, fragment and closing slash, or its text.

    Rows of one source that name no report are taken to be one report, which can only lower the number of origins.
    """
    text = report.strip()
    if not text:
        return f"{source}: {NOT_STATED}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    if parts.scheme not in {"http", "https"}:
        return text
    query = f"?{parts.query}" if parts.query else ""
    return parts.netloc.lower().removeprefix("www.") + parts.path.rstrip("/") + query
