"""A stand-in for a MISP server on a loopback port: what MISP's REST API is documented to do with events, for tests.

It keeps events in memory and has the habits of MISP on which a client can stumble: numbers are given as text, an edit
takes nothing that is not newer than what is there and forgets nothing that it does not mention, attributes are deleted
softly, opinions on a relationship stand inside it, and 404 and 403 come with a JSON body.
"""

from __future__ import annotations

import copy
import json
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "k" * 40
VERSION = "2.5.34"
ORGANISATION = {"id": "1", "name": "CERT There", "uuid": "99999999-9999-4999-8999-999999999999"}
Json = dict[str, Any]


class Misp:
    """The server's content and what was asked of it. ``may_edit_galaxies`` is a permission that many keys lack."""

    def __init__(self) -> None:
        self.events: dict[str, Json] = {}
        self.analyst_data: dict[str, tuple[str, Json]] = {}
        self.asked: list[tuple[str, str]] = []
        self.may_edit_galaxies = True
        self.version = VERSION
        self.cut_after: int | None = None
        self.address = ""

    def writes(self) -> list[str]:
        """Paths of the requests that change something."""
        reading = ("events/index", "events/restSearch", "events/view", "servers/", "users/", "attributes/describe")
        return [path for _, path in self.asked if not path.startswith(reading) and "/view/" not in path]

    # Events.

    def add(self, event: Json) -> Json:
        if event["uuid"] in self.events:
            raise RefusedError(
                403, "Event already exists, if you would like to edit it, use the url in the location header."
            )
        event = copy.deepcopy(event)
        self._attach(event, {})
        self.events[event["uuid"]] = event
        return self.shown(event)

    def edit(self, identifier: str, event: Json) -> Json:
        there = self._there(identifier)
        if int(event["timestamp"]) <= int(there["timestamp"]):
            raise RefusedError(403, "Event could not be saved: Event in the request not newer than the local copy.")
        event = copy.deepcopy(event)
        for name in ("Attribute", "EventReport"):
            held = {each["uuid"]: each for each in there.get(name, [])}
            for each in event.get(name, []):
                old = held.get(each["uuid"])
                if old is None or each.get("deleted") or int(each["timestamp"]) > int(old["timestamp"]):
                    held[each["uuid"]] = {**(old or {}), **each}
            event[name] = list(held.values())
        tags = {each["name"]: each for each in [*there.get("Tag", []), *event.get("Tag", [])]}
        event["Tag"] = list(tags.values())
        self._attach(event, {each["type"]: each for each in there.get("Galaxy", [])})
        self.events[identifier] = {**there, **event}
        return self.shown(self.events[identifier])

    def _attach(self, event: Json, held: dict[str, Json]) -> None:
        """Keep the galaxies; clusters of the client's own only where its key may edit galaxies."""
        for galaxy in event.get("Galaxy", []):
            kept = [each for each in galaxy["GalaxyCluster"] if each.get("default") or self.may_edit_galaxies]
            if kept:
                held[galaxy["type"]] = {**galaxy, "GalaxyCluster": kept}
        event["Galaxy"] = list(held.values())

    def _there(self, identifier: str) -> Json:
        if identifier not in self.events:
            raise RefusedError(404, "Invalid event")
        return self.events[identifier]

    def shown(self, event: Json) -> Json:
        shown = copy.deepcopy(event)
        shown["Attribute"] = [each for each in shown.get("Attribute", []) if not each.get("deleted")]
        for name in ("distribution", "threat_level_id", "analysis", "timestamp"):
            shown[name] = str(shown[name])
        shown["id"], shown["Org"] = str(list(self.events).index(event["uuid"]) + 1), ORGANISATION
        shown |= self._on(event["uuid"])
        return {"Event": shown}

    # Analyst data.

    def _on(self, identifier: str) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {}
        for kind, data in self.analyst_data.values():
            if data["object_uuid"] == identifier:
                found.setdefault(kind, []).append(data | self._on(data["uuid"]))
        return found

    def put_analyst_data(self, kind: str, data: Json, *, there: bool) -> Json:
        data = data.get(kind, data)
        if there != (data["uuid"] in self.analyst_data):
            raise RefusedError(404 if there else 403, "Invalid analyst data" if there else "The UUID is already used")
        maker = next(iter(self.events.values()))["Orgc"]
        self.analyst_data[data["uuid"]] = (kind, {**data, "Orgc": maker})
        return {kind: data}

    def answer(self, method: str, path: str, body: Json) -> Any:
        """Return the answer to a request; raise :class:`RefusedError`."""
        parts = [part for part in path.split("/") if ":" not in part]
        match parts:
            case ["servers", "getVersion"]:
                return {"version": self.version, "pymisp_recommended_version": self.version, "perm_sync": True}
            case ["users", "view", "me"]:
                user = {"id": "2", "email": "a@there.example", "org_id": "1"}
                return {"User": user, "Role": {"id": "3", "name": "publisher"}, "UserSetting": {}}
            case ["events", "add"]:
                return self.add(body["Event"])
            case ["events", "edit", identifier]:
                return self.edit(identifier, body["Event"])
            case ["events", "view", identifier]:
                return self.shown(self._there(identifier))
            case ["events", "index"]:
                return [_listed(each) for each in self.events.values() if _fits(each, body)]
            case ["events", "restSearch"]:
                return {"response": [self.shown(each) for key, each in self.events.items() if key in body["uuid"]]}
            case ["tags", "removeTagFromObject"]:
                event = self._there(body["uuid"])
                event["Tag"] = [each for each in event["Tag"] if each["name"] != body["tag"]]
                return {"saved": True}
            case ["analyst_data" | "analystData", "view", kind, identifier]:
                if identifier not in self.analyst_data:
                    raise RefusedError(404, f"Invalid {kind}")
                return {kind: self.analyst_data[identifier][1]}
            case ["analyst_data" | "analystData", "add", kind, _, _]:
                return self.put_analyst_data(kind, body, there=False)
            case ["analyst_data" | "analystData", "edit", kind, _]:
                return self.put_analyst_data(kind, body, there=True)
            case ["analyst_data" | "analystData", "delete", _, identifier]:
                del self.analyst_data[identifier]
                return {"saved": True}
        raise RefusedError(404, f"{method} {path}: not in this stand-in")


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


def _listed(event: Json) -> Json:
    return {
        "id": "1",
        "uuid": event["uuid"],
        "timestamp": str(event["timestamp"]),
        "published": bool(event.get("published")),
        "sighting_timestamp": "0",
    }


def _fits(event: Json, asked: Json) -> bool:
    tags, names = asked.get("tags"), {each["name"] for each in event.get("Tag", [])}
    if tags and not names & set(tags):
        return False
    if asked.get("datefrom") and event["date"] < asked["datefrom"]:
        return False
    if asked.get("dateuntil") and event["date"] > asked["dateuntil"]:
        return False
    return not asked.get("published") or bool(event.get("published"))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    misp: Misp

    def log_message(self, *_: object) -> None:
        """Say nothing: a test asks what was asked."""

    def _take(self) -> None:
        path = self.path.lstrip("/")
        self.misp.asked.append((self.command, path))
        if self.misp.cut_after is not None and len(self.misp.asked) > self.misp.cut_after:
            self.close_connection = True
            return
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        if self.headers.get("Authorization") != KEY:
            self._give(403, {"name": "Authentication failed. Please make sure you pass the API key.", "url": self.path})
            return
        try:
            self._give(200, self.misp.answer(self.command, path, body))
        except RefusedError as refused:
            self._give(refused.status, {"name": refused.reason, "message": refused.reason, "url": self.path})

    do_GET = do_POST = do_HEAD = _take  # noqa: N815 - the names that the server looks for

    def _give(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def misp_server(tls: tuple[Path, Path] | None = None) -> Iterator[Misp]:
    """Serve an empty stand-in, on a thread, until the end of the block; ``tls`` are a certificate and its key."""
    misp = Misp()
    handler = type("Handler", (_Handler,), {"misp": misp})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    misp.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/"
    try:
        yield misp
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def event(number: int = 0, *tags: str, date: str = "2026-01-02", **parts: Any) -> Json:
    """An event as somebody else made it, published, with one address."""
    return {
        "uuid": str(uuid.UUID(int=0x40000000000080000000000000000000 + number)),
        "info": f"Lamps {number}",
        "date": date,
        "timestamp": "1767312000",
        "published": True,
        "analysis": "2",
        "threat_level_id": "4",
        "distribution": "3",
        "Orgc": {"name": "Testing Lamp Office", "uuid": "88888888-8888-4888-8888-888888888888"},
        "Tag": [{"name": name} for name in tags],
        "Attribute": [
            {
                "uuid": str(uuid.UUID(int=0x50000000000080000000000000000000 + number)),
                "type": "domain",
                "category": "Network activity",
                "value": f"lamp{number}.example.com",
                "to_ids": True,
                "timestamp": "1767312000",
            }
        ],
        **parts,
    }
