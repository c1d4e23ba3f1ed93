"""From the address that somebody was given to the collections behind it.

It may be of the discovery resource, of an API root, of a collection or of its objects. Where a server has nothing at
it, the places where discovery is met are tried: ``/taxii2/`` (4.1) and ``/taxii/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, unquote

import httpx
import msgspec

from consilience.errors import UnknownNameError
from consilience.exchange.taxii_client.connection import Connection
from consilience.exchange.taxii_client.peer_errors import PeerError
from consilience.exchange.taxii_client.resources import (
    ApiRoot,
    Collection,
    Discovery,
    read_api_root,
    read_collections,
    read_discovery,
)

_USUAL_PLACES: Final = (b"/taxii2/", b"/taxii/")
_IN_ROOT: Final = re.compile(rb"(.*/)collections(?:/(?:([^/?]+)(?:/.*)?)?)?", re.DOTALL)


class Place(msgspec.Struct, frozen=True):
    """A collection and the address of its API root, which ends in a slash."""

    api_root: str
    collection: Collection

    @property
    def url(self) -> httpx.URL:
        """The address of the collection, which ends in a slash."""
        return httpx.URL(self.api_root + "collections/" + quote(self.collection.id, safe="") + "/")


class Found(msgspec.Struct, frozen=True):
    """The collections behind an address, and sentences on what could not be reached."""

    places: tuple[Place, ...]
    notes: tuple[str, ...]


def find_collections(connection: Connection, names: tuple[str, ...] = ()) -> Found:
    """Return the collections with these ids, aliases or titles; all of them where no name is given.

    Raises :class:`PeerError` where the server says nothing of collections, :class:`UnknownNameError` for a name that
    none, or more than one, of them has.
    """
    url = connection.url
    match = _IN_ROOT.fullmatch(url.raw_path.partition(b"?")[0])
    if match and match[2]:
        found = Found(
            (_described(connection, Place(str(_at(url, match[1])), Collection(id=unquote(match[2].decode())))),), ()
        )
    else:
        roots, notes = _api_roots(connection, _at(url, match[1]) if match else url)
        found = _collections(connection, roots, notes)
    return Found(_named(found.places, names), found.notes) if names else found


def api_root(connection: Connection, place: Place) -> ApiRoot:
    """Return what an API root says of itself; nothing where it does not answer as one."""
    try:
        return connection.get(httpx.URL(place.api_root), read_api_root)
    except PeerError:
        return ApiRoot(0)


def _described(connection: Connection, place: Place) -> Place:
    """Return a collection with what the server says of it; OpenTAXII 0.9.3 answers 500 to that question alone."""
    try:
        return Place(place.api_root, connection.get(place.url, _read_collection, once=True))
    except PeerError as error:
        if HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return place


def _api_roots(connection: Connection, url: httpx.URL) -> tuple[tuple[httpx.URL, ...], list[str]]:
    tried = [url, *(_at(url, path) for path in _USUAL_PLACES)]
    first: PeerError | None = None
    for number, each in enumerate((*tried, url)):
        try:
            # Each place once, since any page may be at it; then the one that was given with patience.
            found = connection.get(each, _read_either, once=number < len(tried))
        except PeerError as error:
            if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise
            first = first or error
            if number + 1 == len(tried) and not first.transient:
                break
            continue
        if isinstance(found, ApiRoot):
            return (_at(each, each.raw_path.partition(b"?")[0]),), []
        return _on_this_server(connection, each, found)
    assert first is not None  # noqa: S101 - every address that was tried has failed
    raise first


def _on_this_server(
    connection: Connection, base: httpx.URL, found: Discovery
) -> tuple[tuple[httpx.URL, ...], list[str]]:
    """Return the API roots that may be asked: of one elsewhere, the same path here (a proxy may hide names)."""
    roots: dict[httpx.URL, None] = {}
    notes = []
    for text in found.api_roots:
        try:
            root = base.join(text)
        except httpx.InvalidURL:
            notes.append(f"the server lists an API root that is no address: {text[:100]!r}")
            continue
        if not connection.is_here(root):
            notes.append(f"the server lists the API root {text[:200]}, on another server; its path was tried here")
            root = _at(base, root.raw_path)
        roots[_at(root, root.raw_path.partition(b"?")[0])] = None
    return tuple(roots), notes


def _collections(connection: Connection, roots: tuple[httpx.URL, ...], notes: list[str]) -> Found:
    places: list[Place] = []
    failures: list[PeerError] = []
    for root in roots:
        try:
            listed = connection.get(httpx.URL(str(root) + "collections/"), read_collections)
        except PeerError as error:
            failures.append(error)
            continue
        places += [Place(str(root), each) for each in listed]
    if failures and not places:
        raise failures[0]
    return Found(tuple(places), (*notes, *(f"an API root does not list its collections: {each}" for each in failures)))


def _named(places: tuple[Place, ...], names: tuple[str, ...]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(_one_named(places, name) for name in names))


def _one_named(places: tuple[Place, ...], name: str) -> Place:
    for key in _keys(name):
        found = [each for each in places if key(each.collection)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownNameError(f"several collections of the server are called {name!r}; give the id of one")
    known = ", ".join(each.collection.alias or each.collection.title or each.collection.id for each in places)
    raise UnknownNameError(f"the server has no collection {name!r} for this account; it has {known or 'none'}")


def _keys(name: str) -> Iterator[Callable[[Collection], bool]]:
    yield lambda each: each.id == name
    yield lambda each: each.alias.casefold() == name.casefold()
    yield lambda each: each.title.casefold() == name.casefold()


def _at(url: httpx.URL, path: bytes) -> httpx.URL:
    """Return the address with another path, which ends in a slash."""
    return url.copy_with(raw_path=path.rstrip(b"/") + b"/")


def _read_either(body: bytes, headers: Mapping[str, str]) -> Discovery | ApiRoot:
    try:
        return read_discovery(body, headers)
    except ValueError:
        return read_api_root(body, headers)


def _read_collection(body: bytes, headers: Mapping[str, str]) -> Collection:
    found = read_collections(b"[" + body + b"]", headers)
    if not found:
        raise ValueError("no collection: it has no id")
    return found[0]
