"""A MISP server over its REST API, through PyMISP (the extra ``misp``; BSD-2), which is imported when it is called.

Certificates are verified, by the system's authorities or by the one of a file. The key is given by the caller and is
in no message. PyMISP writes whole requests into its log when a server fails: that log is switched off here.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from consilience.errors import InputError
from consilience.exchange.taxii_client.peer_errors import PeerError

if TYPE_CHECKING:
    from pymisp import PyMISP

BATCH: Final = 20
"""Events asked for in one request; attachments travel in them."""

_NOT_FOUND: Final = 404
_SECONDS: Final = 60.0
_T = TypeVar("_T")
Json = dict[str, Any]


class Listed(msgspec.Struct, frozen=True, order=True):
    """An event that a server has, and the time of its last change in Unix seconds."""

    uuid: str
    timestamp: int


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for: with one of the tags, of a date. Empty parts ask for all."""

    tags: tuple[str, ...] = ()
    date_from: str = ""
    date_to: str = ""
    also_unpublished: bool = False


def connect(address: str, key: str, authority: Path | None = None) -> MispServer:
    """Log in to the server at ``address`` with an authentication key.

    ``authority`` is a file of certificates that are trusted in place of the system's. Raises :class:`InputError` where
    PyMISP is not installed, and :class:`PeerError` where the server does not answer, or refuses the key.
    """
    try:
        from pymisp import PyMISP
    except ImportError as error:
        raise InputError("MISP's REST API needs PyMISP: install consilience[misp]") from error
    logging.getLogger("pymisp").disabled = True
    verified: bool | str = str(authority) if authority else True
    address = address.rstrip("/") + "/"  # a server may be in a folder of its host
    client = _asked(address, lambda: PyMISP(address, key, ssl=verified, tool="consilience", timeout=_SECONDS))
    return MispServer(client, address)


def _asked(address: str, ask: Callable[[], _T]) -> _T:
    """Return what ``ask`` returns; what goes wrong on the way or at the server is a :class:`PeerError`."""
    import requests
    from pymisp import PyMISPError

    try:
        return ask()
    except requests.RequestException as error:
        raise PeerError(f"does not answer: {type(error).__name__}", address, transient=True) from error
    except PyMISPError as error:
        raise PeerError(_in_short(error), address) from error


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


class MispServer:
    """An open connection to one server. Every method raises :class:`PeerError` where the server refuses or fails."""

    def __init__(self, client: PyMISP, address: str) -> None:
        self._client = client
        self.address = address

    def event(self, event: str) -> Json | None:
        """Return the event with this uuid as the server has it, with analyst data; ``None`` where it has none."""
        answer = self._call(f"events/view/{event}", kw_params={"includeAnalystData": 1})
        return None if answer is None else _part(answer, "Event", self.address)

    def add(self, event: Json) -> None:
        """Add an event that the server does not have."""
        self._needed("events/add", {"Event": event})

    def edit(self, event: Json) -> None:
        """Change an event: attributes that are given are changed, added or, where they say so, deleted."""
        self._needed(f"events/edit/{event['uuid']}", {"Event": event})

    def untag(self, event: str, tag: str) -> None:
        """Take a tag from an event."""
        answer = _asked(self.address, lambda: self._client.untag(event, tag))
        self._refused(answer, f"tags/removeTagFromObject {tag}")

    def analyst_data(self, kind: str, identifier: str) -> Json | None:
        """Return a ``Note``, ``Opinion`` or ``Relationship`` by its uuid; ``None`` where the server has none."""
        answer = self._call(f"analyst_data/view/{kind}/{identifier}")
        return None if answer is None else _part(answer, kind, self.address)

    def put_analyst_data(self, kind: str, data: Json, *, there: bool) -> None:
        """Add analyst data to what it is about, or change it where it is ``there``."""
        path = f"edit/{kind}/{data['uuid']}" if there else f"add/{kind}/{data['object_uuid']}/{data['object_type']}"
        self._needed(f"analyst_data/{path}", {kind: data})

    def delete_analyst_data(self, kind: str, identifier: str) -> None:
        """Delete analyst data."""
        self._needed(f"analyst_data/delete/{kind}/{identifier}", {})

    def index(self, query: Query) -> tuple[Listed, ...]:
        """Return all events that fit, sorted by uuid; an entry that is none is refused with the rest of the index."""
        asked: Json = {
            "tags": list(query.tags) or None,
            "date_from": query.date_from or None,
            "date_to": query.date_to or None,
            "published": None if query.also_unpublished else True,
        }
        answer = _asked(self.address, lambda: self._client.search_index(minimal=True, **asked))
        self._refused(answer, "events/index")
        if not isinstance(answer, list):
            raise PeerError("the index of events is no list", self.address)
        return tuple(sorted({self._listed(each) for each in answer}))

    def _listed(self, entry: object) -> Listed:
        """Return an entry of the index. Its uuid becomes the name of a file here: nothing else may stand there."""
        if not isinstance(entry, dict):
            raise PeerError("an entry of the index of events is no object", self.address)
        try:
            return Listed(str(uuid.UUID(str(entry["uuid"]))), int(entry["timestamp"]))
        except (KeyError, ValueError) as error:
            raise PeerError(f"an entry of the index of events has a wrong {error}", self.address) from error

    def events(self, wanted: Sequence[str]) -> Iterator[tuple[str, Json]]:
        """Yield (uuid, event) for those of ``wanted`` that the server gives, with attachments and analyst data.

        An event that was not asked for is refused.
        """
        query: Json = {"uuid": list(wanted), "with_attachments": True, "includeAnalystData": 1}
        answer = _asked(self.address, lambda: self._client.search(controller="events", **query))
        self._refused(answer, "events/restSearch")
        if not isinstance(answer, list):
            raise PeerError("restSearch gives no list of events", self.address)
        for each in answer:
            event = _part(each, "Event", self.address)
            found = str(event.get("uuid", ""))
            if found not in wanted:
                raise PeerError(f"gives the event {found[:60]!r}, which was not asked for", self.address)
            yield found, event

    def _call(self, path: str, data: Json | None = None, kw_params: Json | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the answer to a request; ``None`` for 404."""
        answer = _asked(self.address, lambda: self._client.direct_call(path, data=data, kw_params=kw_params or {}))
        if isinstance(answer, dict) and "errors" in answer and _status(answer) == _NOT_FOUND:
            return None
        self._refused(answer, path)
        return answer

    def _needed(self, path: str, data: Json) -> None:
        if self._call(path, data) is None:
            raise PeerError(f"has nothing at {path}", self.address, status=_NOT_FOUND)

    def _refused(self, answer: object, what: str) -> None:
        if isinstance(answer, dict) and "errors" in answer:
            raise PeerError(f"{what}: {_reason(answer)}", self.address, status=_status(answer))


def _status(answer: Json) -> int:
    errors = answer["errors"]
    first = errors[0] if isinstance(errors, Sequence) and errors else 0
    return first if isinstance(first, int) else 0


def _reason(answer: Json) -> str:
    """Return what a server says was wrong, which it does in several forms."""
    errors = answer["errors"]
    said = errors[1] if isinstance(errors, tuple) and len(errors) > 1 else errors
    if isinstance(said, dict):
        said = said.get("errors") or said.get("message") or said
    return " ".join(str(said).split())[:300]


def _part(answer: object, name: str, address: str) -> Json:
    if isinstance(answer, dict) and isinstance(answer.get(name), dict):
        return dict(answer[name])
    raise PeerError(f"gives no {name}", address)


def batches(wanted: Iterable[str], size: int = BATCH) -> Iterator[list[str]]:
    """Yield ``wanted`` in parts of at most ``size``."""
    rest = list(wanted)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
