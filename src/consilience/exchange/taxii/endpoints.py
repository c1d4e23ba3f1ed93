"""What each endpoint of the standard does (sections 4 and 5), for an account that has been told apart already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request

from consilience.exchange.taxii import responses
from consilience.exchange.taxii.additions import Poster
from consilience.exchange.taxii.authentication import Clocks
from consilience.exchange.taxii.collections import CollectionStore
from consilience.exchange.taxii.cursor import CursorScope, read_cursor, write_cursor
from consilience.exchange.taxii.directory import Account, Collection, Directory
from consilience.exchange.taxii.envelope import STIX_ID, Check, PostedObject, RefusedObject, read_envelope
from consilience.exchange.taxii.filters import ENDPOINT_FIELDS, EVERY, LATEST, Filters, parse_filters
from consilience.exchange.taxii.media_types import STIX_VERSIONS, is_taxii
from consilience.exchange.taxii.page_query import Selection
from consilience.exchange.taxii.refusals import RefusalError, not_found, too_large, unprocessable
from consilience.exchange.taxii.responses import Answer

BEGINNING: Final = -(2**62)
"""A date of addition before all others."""


class ServerLimits(msgspec.Struct, frozen=True):
    """What one request may cost. Bytes, objects, seconds."""

    body: int = 10 * 1024 * 1024
    body_seconds: float = 30.0
    bodies_at_once: int = 8
    account_bodies_at_once: int = 2
    objects: int = 10_000
    page: int = 1_000
    page_bytes: int = 16 * 1024 * 1024


class ExchangeEvent(msgspec.Struct, frozen=True):
    """What the audit log is told: who received or gave something, where, and how many objects.

    Not which: an id may be TLP:RED, and a log goes where its reader goes.
    """

    action: str
    account: str
    address: str
    collection: str
    objects: int
    status: int


Guard = Callable[[bytes], str]
"""Says why a body must not be decoded (encoding, nesting, duplicate keys), in a sentence; empty where nothing is."""


class Exchange(msgspec.Struct, frozen=True):
    """What the endpoints work with."""

    store: CollectionStore
    secret: bytes
    clocks: Clocks
    limits: ServerLimits
    guard: Guard
    check: Check
    title: str
    contact: str
    bodies: asyncio.Semaphore
    account_bodies: dict[str, asyncio.Semaphore]


class Call(msgspec.Struct, frozen=True):
    """A request of an account."""

    request: Request
    account: Account
    directory: Directory

    def path(self, name: str) -> str:
        """Return a part of the path."""
        value: str = self.request.path_params[name]
        return value

    def collection(self, *, read: bool = False, write: bool = False) -> Collection:
        """Return the collection that the path names.

        Raises :class:`RefusalError`: 404 where there is none or the account has no right in it, 403 where it lacks one
        of those that are needed (5.7 makes this the rule for DELETE; the same is allowed everywhere).
        """
        found = self.directory.collections.get((self.path("root"), self.path("collection")))
        right = self.account.right(found) if found else None
        if found is None or right is None or not (right.can_read or right.can_write):
            raise not_found()
        if (read and not right.can_read) or (write and not right.can_write):
            raise RefusalError(HTTPStatus.FORBIDDEN, "the account has no such right in this collection")
        return found

    def object_id(self) -> str:
        """Return the object id that the path names; raise 404 for what cannot be one."""
        value = self.path("object")
        if STIX_ID.fullmatch(value) is None:
            raise not_found()
        return value


async def get_discovery(exchange: Exchange, call: Call) -> Answer:
    """4.1 Server Discovery."""
    roots = tuple(call.directory.roots.values())
    return responses.resource(responses.discovery(exchange.title, exchange.contact, roots))


async def get_api_root(exchange: Exchange, call: Call) -> Answer:
    """4.2 Get API Root Information."""
    root = call.directory.roots.get(call.path("root"))
    if root is None:
        raise not_found()
    return responses.resource(responses.api_root(root, exchange.limits.body))


async def get_status(exchange: Exchange, call: Call) -> Answer:
    """4.3 Get Status, for the account whose request it is about."""
    status = call.path("status")
    found = await exchange.store.status(call.path("root"), call.account.name, status) if status.isprintable() else None
    if found is None:
        raise not_found()
    return Answer(found)


async def get_collections(_: Exchange, call: Call) -> Answer:
    """5.1 Get Collections: those in which the account has a right."""
    root = call.path("root")
    if root not in call.directory.roots:
        raise not_found()
    mine = [each for each in call.directory.of_root(root) if each.id in call.account.rights]
    seen = [responses.collection(each, call.account) for each in mine]
    return responses.resource({"collections": seen} if seen else {})


async def get_collection(_: Exchange, call: Call) -> Answer:
    """5.2 Get a Collection."""
    return responses.resource(responses.collection(call.collection(), call.account))


class _Asked(msgspec.Struct, frozen=True):
    """What a reading request asks for, and what goes with every answer to it."""

    selection: Selection
    limit: int
    filters: Filters
    scope: CursorScope
    tag: str


async def _asked(exchange: Exchange, call: Call, endpoint: str, object_id: str = "") -> _Asked:
    collection = call.collection(read=True)
    filters = parse_filters(call.request.scope["query_string"], ENDPOINT_FIELDS[endpoint])
    if object_id:
        filters = msgspec.structs.replace(filters, ids=(object_id,))
    scope = CursorScope(call.account.name, collection.id, endpoint)
    after = read_cursor(exchange.secret, scope, filters)
    ceiling = call.account.ceiling.rank
    selection = Selection(
        collection=collection.number,
        ceiling=ceiling,
        after=max(BEGINNING if moment is None else moment for moment in (after, filters.added_after)),
        ids=filters.ids,
        types=filters.types,
        versions=filters.versions or (EVERY if endpoint == "versions" else LATEST),
        spec_versions=filters.spec_versions,
    )
    limit = min(filters.limit or exchange.limits.page, exchange.limits.page)
    revision = await exchange.store.revision(collection.number, ceiling)
    tag = responses.entity_tag(exchange.secret, scope, ceiling, selection, limit, revision)
    return _Asked(selection, limit, filters, scope, tag)


def _unchanged(call: Call, asked: _Asked) -> Answer | None:
    if responses.matches(asked.tag, call.request.headers.get("if-none-match", "")):
        return Answer(b"", HTTPStatus.NOT_MODIFIED, {"ETag": asked.tag})
    return None


def _cursor(exchange: Exchange, asked: _Asked, last_added: int, *, more: bool) -> str:
    return write_cursor(exchange.secret, asked.scope, asked.filters, last_added) if more else ""


async def get_objects(exchange: Exchange, call: Call) -> Answer:
    """5.4 Get Objects."""
    return await _objects(exchange, call, await _asked(exchange, call, "objects"))


async def get_object(exchange: Exchange, call: Call) -> Answer:
    """5.6 Get an Object: 404 where the account can see no version of it, an empty envelope where none matches."""
    asked = await _asked(exchange, call, "object", call.object_id())
    answer = await _objects(exchange, call, asked)
    if answer.status is HTTPStatus.OK and answer.body == b"{}":
        await _require_object(exchange, asked)
    return answer


async def _objects(exchange: Exchange, call: Call, asked: _Asked) -> Answer:
    if unchanged := _unchanged(call, asked):
        return unchanged
    page = await exchange.store.page(asked.selection, asked.limit, exchange.limits.page_bytes)
    cursor = _cursor(exchange, asked, page.last_added, more=page.more)
    return responses.objects_answer(page, cursor, {"ETag": asked.tag})


async def _require_object(exchange: Exchange, asked: _Asked) -> None:
    """Raise 404 where the account can see no version of the object at all."""
    whole = Selection(
        collection=asked.selection.collection,
        ceiling=asked.selection.ceiling,
        after=BEGINNING,
        ids=asked.selection.ids,
        versions=EVERY,
        spec_versions=STIX_VERSIONS,
    )
    if not await exchange.store.holds(whole):
        raise not_found()


async def get_manifest(exchange: Exchange, call: Call) -> Answer:
    """5.3 Get Object Manifests."""
    asked = await _asked(exchange, call, "manifest")
    if unchanged := _unchanged(call, asked):
        return unchanged
    page = await exchange.store.manifest(asked.selection, asked.limit)
    last = page.records[-1].added if page.records else 0
    return responses.manifest_answer(page, _cursor(exchange, asked, last, more=page.more), {"ETag": asked.tag})


async def get_versions(exchange: Exchange, call: Call) -> Answer:
    """5.8 Get Object Versions."""
    asked = await _asked(exchange, call, "versions", call.object_id())
    if unchanged := _unchanged(call, asked):
        return unchanged
    page = await exchange.store.manifest(asked.selection, asked.limit)
    if not page.records:
        await _require_object(exchange, asked)
        return responses.versions_answer(page, "", {"ETag": asked.tag})
    cursor = _cursor(exchange, asked, page.records[-1].added, more=page.more)
    return responses.versions_answer(page, cursor, {"ETag": asked.tag})


async def delete_object(exchange: Exchange, call: Call) -> Answer:
    """5.7 Delete an Object: the versions that the account can see and asks for, all of them where it says nothing."""
    collection = call.collection(read=True, write=True)
    object_id = call.object_id()
    filters = parse_filters(call.request.scope["query_string"], ENDPOINT_FIELDS["object"])
    selection = Selection(
        collection=collection.number,
        ceiling=call.account.ceiling.rank,
        after=BEGINNING,
        ids=(object_id,),
        versions=filters.versions or EVERY,
        spec_versions=filters.spec_versions or STIX_VERSIONS,
    )
    deleted = await exchange.store.delete(selection)
    if not deleted:
        raise not_found()
    return Answer(b"{}", objects=deleted)


async def add_objects(exchange: Exchange, call: Call) -> Answer:
    """5.5 Add Objects. What the status says was done is on the disc when it is sent."""
    collection = call.collection(write=True)
    if not is_taxii(call.request.headers.get("content-type", "")):
        raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is not application/taxii+json;version=2.1")
    if call.request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a compressed body is not taken")
    # So that memory is bounded whatever the number of clients, and no account takes all places by sending slowly.
    async with exchange.account_bodies[call.account.name], exchange.bodies:
        body = await _read_body(call.request, exchange.limits)
        taken, refused = await asyncio.to_thread(_read, exchange, body)
        poster = Poster(call.account.name, call.account.ceiling)
        addition = await exchange.store.add(collection, poster, taken, refused, exchange.clocks.wall())
    return responses.status_answer(addition)


def _read(exchange: Exchange, body: bytes) -> tuple[list[PostedObject], list[RefusedObject]]:
    reason = exchange.guard(body)
    if reason:
        raise unprocessable(f"the body cannot be taken: {reason}")
    return read_envelope(body, exchange.check, exchange.limits.objects)


async def _read_body(request: Request, limits: ServerLimits) -> bytes:
    """Return the body; raise :class:`RefusalError` where it is larger (413) or slower (408) than the limits allow.

    What goes beyond the limit is read and thrown away, up to as much again: a client that is cut off while it sends
    does not get to read why.
    """
    declared = request.headers.get("content-length", "")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            if declared.isdigit() and int(declared) > 2 * limits.body:
                raise too_large(limits.body)
            async for part in request.stream():
                size += len(part)
                if size <= limits.body:
                    parts.append(part)
                elif size > 2 * limits.body:
                    break
    except TimeoutError as error:
        if size > limits.body:
            raise too_large(limits.body) from error
        reason = f"the body did not come within {limits.body_seconds:.0f} seconds"
        raise RefusalError(HTTPStatus.REQUEST_TIMEOUT, reason, {"Connection": "close"}) from error
    if size > limits.body:
        raise too_large(limits.body)
    return b"".join(parts)
