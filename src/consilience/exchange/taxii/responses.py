"""Answers: bodies, headers, errors, entity tags and compression."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consilience.exchange.taxii.additions import Addition, status_resource
from consilience.exchange.taxii.collections import ManifestPage, Page
from consilience.exchange.taxii.directory import Account, ApiRoot, Collection
from consilience.exchange.taxii.media_types import STIX, STIX_VERSIONS, TAXII
from consilience.exchange.taxii.refusals import RefusalError
from consilience.exchange.taxii.timestamps import format_timestamp

_SMALLEST_COMPRESSED: Final = 1_000
_COMPRESSION_LEVEL: Final = 1  # 2 instead of 4 ms for 100 objects; the bodies come out a fifth larger
_TAG_BYTES: Final = 16
_encode: Final = msgspec.json.Encoder().encode
_ALWAYS: Final = {
    "Content-Type": TAXII,
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Encoding, Authorization",
    "X-Content-Type-Options": "nosniff",
}


class Answer(msgspec.Struct, frozen=True):
    """A status, the bytes of a body, headers beside those that every answer has, and how many objects it is about."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = {}
    objects: int = 0


def resource(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """Return a resource of the standard as JSON."""
    return Answer(_encode(value), status)


def objects_answer(page: Page, cursor: str, headers: Mapping[str, str]) -> Answer:
    """Return the envelope of a page (3.7): the stored bytes of its objects, joined."""
    if not page.raw:
        return Answer(b"{}", headers=headers)
    body = b"".join((_beginning(cursor), b'"objects":[', b",".join(page.raw), b"]}"))
    dates = _date_added(page.first_added, page.last_added)
    return Answer(body, headers={**headers, **dates}, objects=len(page.raw))


def manifest_answer(page: ManifestPage, cursor: str, headers: Mapping[str, str]) -> Answer:
    """Return the manifest of a page (5.3.1). ``next`` is not in the standard's table; its section 3.5 needs it."""
    if not page.records:
        return Answer(b"{}", headers=headers)
    records = [
        {
            "id": each.id,
            "date_added": format_timestamp(each.added),
            "version": each.version,
            "media_type": STIX[each.spec],
        }
        for each in page.records
    ]
    body = _beginning(cursor) + b'"objects":' + _encode(records) + b"}"
    dates = _date_added(page.records[0].added, page.records[-1].added)
    return Answer(body, headers={**headers, **dates}, objects=len(page.records))


def versions_answer(page: ManifestPage, cursor: str, headers: Mapping[str, str]) -> Answer:
    """Return the versions of an object (5.8.1)."""
    if not page.records:
        return Answer(b"{}", headers=headers)
    versions = list(dict.fromkeys(each.version for each in page.records))
    body = _beginning(cursor) + b'"versions":' + _encode(versions) + b"}"
    dates = _date_added(page.records[0].added, page.records[-1].added)
    return Answer(body, headers={**headers, **dates}, objects=len(page.records))


def status_answer(addition: Addition) -> Answer:
    """Return the status of a request to add objects, which is finished when it is answered (4.3.1)."""
    body = _encode(status_resource(addition))
    return Answer(body, HTTPStatus.ACCEPTED, objects=len(addition.successes))


def _beginning(cursor: str) -> bytes:
    return b'{"more":true,"next":"' + cursor.encode("ascii") + b'",' if cursor else b'{"more":false,'


def _date_added(first: int, last: int) -> dict[str, str]:
    """Return the headers of 3.2. An empty page has no first object and so none of them."""
    return {
        "X-TAXII-Date-Added-First": format_timestamp(first),
        "X-TAXII-Date-Added-Last": format_timestamp(last),
    }


def discovery(title: str, contact: str, roots: Sequence[ApiRoot]) -> dict[str, object]:
    """Return the discovery resource (4.1.1) with relative URLs, which hold behind any proxy; empty parts left out."""
    parts = {
        "title": title,
        "contact": contact,
        "default": f"/{roots[0].name}/" if roots else "",
        "api_roots": [f"/{each.name}/" for each in roots],
    }
    return {name: value for name, value in parts.items() if value}


def api_root(root: ApiRoot, max_content_length: int) -> dict[str, object]:
    """Return the API root resource (4.2.1)."""
    description = {"description": root.description} if root.description else {}
    return {"title": root.title, **description, "versions": [TAXII], "max_content_length": max_content_length}


def collection(value: Collection, account: Account) -> dict[str, object]:
    """Return the collection resource (5.2.1) as ``account`` may know it."""
    right = account.right(value)
    optional = {"description": value.description, "alias": value.alias}
    return {
        "id": value.id,
        "title": value.title,
        **{name: text for name, text in optional.items() if text},
        "can_read": right.can_read,
        "can_write": right.can_write,
        "media_types": [STIX[version] for version in STIX_VERSIONS],
    }


def error_answer(refusal: RefusalError) -> Answer:
    """Return the error message (3.6.1) of a refusal."""
    return Answer(
        _encode(
            {
                "title": refusal.status.phrase,
                "description": refusal.reason,
                "http_status": str(refusal.status.value),
            }
        ),
        refusal.status,
        refusal.headers,
    )


def entity_tag(secret: bytes, *parts: object) -> str:
    """Return a weak entity tag (RFC 9110, 8.8.3) that tells nothing but "the same as before"."""
    return f'W/"{hmac.digest(secret, _encode(parts), hashlib.sha256)[:_TAG_BYTES].hex()}"'


def matches(tag: str, if_none_match: str) -> bool:
    """Return whether ``If-None-Match`` names the tag, by weak comparison (RFC 9110, 13.1.2).

    ``*`` is no name: it asks whether there is anything, which is not known before it is looked for.
    """
    strong = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") == strong for each in if_none_match.split(","))


async def to_response(answer: Answer, request: Request) -> Response:
    """Return the answer as it goes out, compressed where the client takes gzip and the body is worth it."""
    headers = {**_ALWAYS, **answer.headers}
    body = answer.body
    if len(body) >= _SMALLEST_COMPRESSED and _takes_gzip(request.headers.get("accept-encoding", "")):
        body = await asyncio.to_thread(gzip.compress, body, _COMPRESSION_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, answer.status, headers)


def _takes_gzip(accept_encoding: str) -> bool:
    for element in accept_encoding.lower().split(","):
        name, _, parameter = element.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return parameter.replace(" ", "").rstrip("0").rstrip(".") not in ("q=", "q=0")
    return False
