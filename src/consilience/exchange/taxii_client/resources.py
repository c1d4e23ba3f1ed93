"""The resources of TAXII 2.1 as servers send them, read with as little demanded as can be.

Media types are not looked at: servers say ``application/json`` and others (the objects are checked instead). A bundle
is read as an envelope, and a bare list too; a missing list is an empty one; numbers may come as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from consilience.exchange.taxii_client.dates import Moment, read_date

_T = TypeVar("_T")
_BOM: Final = b"\xef\xbb\xbf"
_LONGEST_WORDS: Final = 300
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]+")
_OF_ENVELOPES: Final = frozenset({"objects", "more", "next", "type", "id", "spec_version"})

_decode_keys: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_any: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a collection: the bytes of its objects, and what it says of the rest.

    ``more`` is ``None`` where it says nothing. ``first`` and ``last`` are when the first and the last were added.
    """

    objects: tuple[bytes, ...] = ()
    more: bool | None = None
    next: str = ""
    first: Moment | None = None
    last: Moment | None = None


class Discovery(msgspec.Struct, frozen=True):
    """The addresses of a server's API roots as it gives them (4.1), the default first."""

    api_roots: tuple[str, ...]


class ApiRoot(msgspec.Struct, frozen=True):
    """What of an API root matters here (4.2): the largest body in bytes, 0 where it does not say."""

    max_content_length: int


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A collection (5.2.1). Ids are opaque: not all are UUIDs. What is not said about rights may be tried."""

    id: str
    title: str = ""
    alias: str = ""
    can_read: bool = True
    can_write: bool = True


class Outcome(msgspec.Struct, frozen=True):
    """What a status says of one object: its id, version and the reason of a failure, each empty if not said."""

    id: str
    version: str = ""
    reason: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a request to add objects (4.3.1). ``failed`` and ``pending`` count also those not listed."""

    id: str
    is_complete: bool
    failures: tuple[Outcome, ...] = ()
    failed: int = 0
    pending: int = 0


def read_page(body: bytes, headers: Mapping[str, str]) -> Page:
    """Return a page; raise ``ValueError`` for what is neither envelope nor bundle, which must not pass for the end."""
    first, last = (read_date(headers.get(f"x-taxii-date-added-{end}", "")) for end in ("first", "last"))
    data = _bare(body)
    if data[:1] == b"[":
        return Page(objects=_objects(data), first=first, last=last)
    keys = _keys(data)
    if "objects" not in keys and not keys.keys() <= _OF_ENVELOPES:
        raise ValueError("no envelope: it has no objects")
    objects = bytes(keys.get("objects", b"[]"))
    more = _any(keys, "more")
    cursor = _any(keys, "next")
    return Page(
        objects=() if objects == b"null" else _objects(objects),
        more=None if more is None else str(more).lower() in ("true", "1"),
        next="" if cursor is None else str(cursor),
        first=first,
        last=last,
    )


def read_discovery(body: bytes, _: Mapping[str, str]) -> Discovery:
    """Return a discovery resource; raise ``ValueError`` for another one."""
    keys = _keys(_bare(body))
    roots = _any(keys, "api_roots")
    if not isinstance(roots, list):
        raise ValueError("no discovery resource: it has no api_roots")
    default = _any(keys, "default")
    found = [each for each in (default, *roots) if isinstance(each, str) and each]
    return Discovery(tuple(dict.fromkeys(found)))


def read_api_root(body: bytes, _: Mapping[str, str]) -> ApiRoot:
    """Return an API root; raise ``ValueError`` for another resource."""
    keys = _keys(_bare(body))
    if not keys.keys() & {"versions", "max_content_length", "title", "display_name"}:
        raise ValueError("no API root: it has neither versions nor a title")
    return ApiRoot(_number(_any(keys, "max_content_length")))


def read_collections(body: bytes, _: Mapping[str, str]) -> tuple[Collection, ...]:
    """Return the collections that are listed; an entry without an id is left out."""
    data = _bare(body)
    listed = _decoded(_decode_any, data) if data[:1] == b"[" else _any(_keys(data), "collections")
    if listed is not None and not isinstance(listed, list):
        raise ValueError("no collections resource")
    return tuple(_collection(each) for each in listed or () if isinstance(each, dict) and each.get("id"))


def read_status(body: bytes, _: Mapping[str, str]) -> Status:
    """Return a status resource; raise ``ValueError`` for another one."""
    found = _decoded(_decode_any, _bare(body))
    if not isinstance(found, dict) or not {"status", "id"} & found.keys():
        raise ValueError("no status resource")
    failures = tuple(_outcome(each) for each in _list(found.get("failures")))
    pending = max(_number(found.get("pending_count")), len(_list(found.get("pendings"))))
    said = str(found.get("status", "")).lower()
    return Status(
        id=str(found.get("id", "")),
        is_complete=said == "complete" or (not said and not pending),
        failures=failures,
        failed=max(_number(found.get("failure_count")), len(failures)),
        pending=pending,
    )


def error_text(body: bytes) -> str:
    """Return what an error body says in one line: any of the fields that servers use, else its beginning."""
    try:
        found = _decode_any(body)
    except (ValueError, msgspec.DecodeError, RecursionError):
        found = None
    words: list[str] = []
    if isinstance(found, dict):
        named = (found.get(name) for name in ("title", "name", "description", "message", "detail", "error"))
        words = [each for each in named if isinstance(each, str) and each]
    elif not body.lstrip().startswith(b"<"):
        words = [body[:_LONGEST_WORDS].decode("utf-8", "replace")]
    return _HIDDEN.sub(" ", ": ".join(dict.fromkeys(words))).strip()[:_LONGEST_WORDS]


def _bare(body: bytes) -> bytes:
    data = body.removeprefix(_BOM).strip()
    if not data:
        raise ValueError("it is empty")
    return data


def _decoded(decode: Callable[[bytes], _T], data: bytes) -> _T:
    try:
        return decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _keys(data: bytes) -> dict[str, msgspec.Raw]:
    return _decoded(_decode_keys, data)


def _objects(data: bytes) -> tuple[bytes, ...]:
    return tuple(bytes(each) for each in _decoded(_decode_list, data))


def _any(keys: Mapping[str, msgspec.Raw], name: str) -> Any:  # noqa: ANN401 - whatever a server sends
    return _decoded(_decode_any, bytes(keys[name])) if name in keys else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    try:
        return max(int(str(value)), 0)
    except ValueError:
        return 0


def _collection(found: dict[str, Any]) -> Collection:
    return Collection(
        id=str(found["id"]),
        title=str(found.get("title") or ""),
        alias=str(found.get("alias") or ""),
        can_read=found.get("can_read") is not False,
        can_write=found.get("can_write") is not False,
    )


def _outcome(found: object) -> Outcome:
    if not isinstance(found, dict):  # TAXII 2.0 lists ids
        return Outcome(str(found))
    return Outcome(
        str(found.get("id", "")),
        str(found.get("version", "")),
        _HIDDEN.sub(" ", str(found.get("message", "")))[:_LONGEST_WORDS],
    )
