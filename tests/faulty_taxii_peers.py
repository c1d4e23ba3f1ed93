"""TAXII 2.1 servers that misbehave on purpose, on a loopback port: one class for each fault that real ones have.

The honest server is strict: it wants the exact media type, paths that end in a slash and dates with six digits, so that
a client that only gets by with lenient ones is found out.
"""
# ruff: noqa: ARG002 - each fault pays no attention to something

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

TAXII = "application/taxii+json;version=2.1"
COLLECTION = "5a3c7d0e-9f70-4f6f-8a4e-2f5d3a8f1c11"
STATUS = "2d086da7-4bdc-4f91-900e-d77486753710"
START = datetime(2026, 3, 1, tzinfo=UTC)
SIX_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
Stix = dict[str, Any]
Query = dict[str, str]


class Answer(msgspec.Struct):
    """What is sent; ``cut`` is after how many bytes of the body the connection ends, ``None`` for a whole answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = {}
    cut: int | None = None


def error(status: int, title: str = "refused", **more: str) -> Answer:
    return Answer(status, json.dumps({"title": title, "http_status": str(status), **more}).encode())


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Peer:
    """A server that does what the standard says. ``added`` has the microseconds since START of each object."""

    collection = COLLECTION
    page = 10
    content_type = TAXII
    max_content_length = 10_000_000

    def __init__(self, objects: list[Stix], added: list[int] | None = None) -> None:
        dates = added or [1_000_000 * number + 137 for number in range(len(objects))]
        self.rows = list(zip(dates, map(encoded, objects), strict=True))
        self.requests: list[str] = []
        self.posted: list[list[Stix]] = []
        self.url = ""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        if headers.get("accept") != TAXII:
            return error(406)
        if not path.endswith("/"):
            return error(404)
        if method == "POST":
            return self.post(headers, body)
        root = f"/api/collections/{self.collection}/"
        places = {
            "/taxii2/": self.discovery,
            "/api/": self.root,
            "/api/collections/": lambda: encoded({"collections": [self.described()]}),
            root: lambda: encoded(self.described()),
            f"/api/status/{STATUS}/": self.status,
        }
        if path in places:
            return Answer(body=places[path]())
        if path == root + "objects/":
            return self.objects(query)
        if path.startswith(root + "objects/"):
            return self.one(path.split("/")[-2])
        return error(404)

    def described(self) -> Stix:
        return {"id": self.collection, "title": "Feed", "can_read": True, "can_write": True}

    def discovery(self) -> bytes:
        return encoded({"title": "peer", "default": "/api/", "api_roots": ["/api/"]})

    def root(self) -> bytes:
        return encoded({"title": "api", "versions": [TAXII], "max_content_length": self.max_content_length})

    # Reading.

    def objects(self, query: Query) -> Answer:
        after = query.get("added_after")
        if after is not None and not SIX_DIGITS.fullmatch(after):
            return error(400, "added_after")
        rows = self.selected(after)
        first = int(query.get("next", "0"))
        size = min(int(query.get("limit", self.page)), self.page)
        page = rows[first : first + size]
        more = first + size < len(rows)
        return Answer(body=self.envelope(page, more, str(first + size)), headers=self.dates(page))

    def selected(self, after: str | None) -> list[tuple[int, bytes]]:
        if after is None:
            return self.rows
        moment = (datetime.fromisoformat(after) - START) // timedelta(microseconds=1)
        return [row for row in self.rows if row[0] > moment]

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        if not page:
            return b"{}"
        head = b'{"more":true,"next":"%b",' % cursor.encode() if more else b'{"more":false,'
        return head + b'"objects":[' + b",".join(raw for _, raw in page) + b"]}"

    def dates(self, page: list[tuple[int, bytes]]) -> dict[str, str]:
        if not page:
            return {}
        ends = (("First", page[0][0]), ("Last", page[-1][0]))
        return {f"X-TAXII-Date-Added-{end}": self.date(START + timedelta(microseconds=moment)) for end, moment in ends}

    def date(self, moment: datetime) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def one(self, identifier: str) -> Answer:
        found = [raw for _, raw in self.rows if json.loads(raw)["id"] == identifier]
        return Answer(body=self.envelope([(0, raw) for raw in found], False, "")) if found else error(404)

    # Writing.

    def post(self, headers: dict[str, str], body: bytes) -> Answer:
        if headers.get("content-type") != TAXII:
            return error(415)
        objects = json.loads(body)["objects"]
        self.posted.append(objects)
        known = {json.loads(raw)["id"] for _, raw in self.rows}
        last = max((moment for moment, _ in self.rows), default=0)
        self.rows += [(last + 1, encoded(each)) for each in objects if each["id"] not in known]
        return Answer(202, self.added(objects, known))

    def added(self, objects: list[Stix], known: set[str]) -> bytes:
        return encoded(self.counts("complete", successes=objects))

    def counts(
        self, status: str, successes: Sequence[Stix] = (), failures: Sequence[Stix] = (), pendings: Sequence[Stix] = ()
    ) -> Stix:
        return {
            "id": STATUS,
            "status": status,
            "total_count": len(successes) + len(failures) + len(pendings),
            "success_count": len(successes),
            "failure_count": len(failures),
            "failures": [{"id": each["id"], "version": each["modified"], "message": "not wanted"} for each in failures],
            "pending_count": len(pendings),
        }

    def status(self) -> bytes:
        return encoded(self.counts("complete", successes=self.posted[-1]))


# Reading: paging.


class NextWithoutMore(Peer):
    """Sends ``next`` and no ``more``."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        head = b'{"next":"%b",' % cursor.encode() if more else b"{"
        return head + b'"objects":[' + b",".join(raw for _, raw in page) + b"]}"


class MoreWithoutNext(Peer):
    """Knows ``added_after`` alone, and says ``more``."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        return b'{"more":%b,"objects":[' % str(more).lower().encode() + b",".join(raw for _, raw in page) + b"]}"


class OnlyObjects(Peer):
    """Knows ``added_after`` alone, and says neither ``more`` nor ``next``."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        return b'{"objects":[' + b",".join(raw for _, raw in page) + b"]}"


class MoreFalseTooEarly(Peer):
    """Says ``more: false`` though there is more (OpenCTI's server)."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        return super().envelope(page, False, "")


class NextIsConsumed(Peer):
    """Takes a page away when it is asked for, whether or not the answer arrives (medallion)."""

    def __init__(self, objects: list[Stix], added: list[int] | None = None) -> None:
        super().__init__(objects, added)
        self.left: dict[str, list[tuple[int, bytes]]] = {}
        self.cut_after = 5

    def objects(self, query: Query) -> Answer:
        self.cut_after -= 1
        if "next" in query:
            if query["next"] not in self.left:
                return error(400, "next")
            rows = self.left[query["next"]]
        else:
            rows = list(self.selected(query.get("added_after")))
        cursor = query.get("next", f"c{len(self.left)}")
        page, self.left[cursor] = rows[: self.page], rows[self.page :]
        body = self.envelope(page, bool(self.left[cursor]), cursor)
        return Answer(body=body, headers=self.dates(page), cut=len(body) // 2 if self.cut_after == 0 else None)


class NextIsRefused(Peer):
    """Refuses the ``next`` that it gave (OpenTAXII, where a date has no microseconds)."""

    def objects(self, query: Query) -> Answer:
        return error(400, "invalid next") if "next" in query else super().objects(query)


class NextLeadsBack(Peer):
    """Gives a ``next`` that leads to the same page for ever."""

    def objects(self, query: Query) -> Answer:
        return super().objects({name: value for name, value in query.items() if name != "next"})


class NextForEver(Peer):
    """Gives a ``next`` with every page, also with the last and with empty ones."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        return b'{"next":"%b","objects":[' % cursor.encode() + b",".join(raw for _, raw in page) + b"]}"


class NextIsANumber(Peer):
    """Sends ``next`` as a number and ``more`` as text."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        head = b'{"more":"true","next":%b,' % cursor.encode() if more else b'{"more":"false","next":null,'
        return head + b'"objects":[' + b",".join(raw for _, raw in page) + b"]}"


class EmptyPagesBetween(Peer):
    """Gives empty pages that are not the last, as servers do that filter after they have cut pages."""

    def objects(self, query: Query) -> Answer:
        first = int(query.get("next", "0"))
        if first % 2 == 0:
            return Answer(body=b'{"more":true,"next":"%d","objects":[]}' % (first + 1))
        rows = self.selected(query.get("added_after"))
        begin = first // 2 * self.page
        page = rows[begin : begin + self.page]
        more = begin + self.page < len(rows)
        return Answer(body=self.envelope(page, more, str(first + 1)), headers=self.dates(page))


class LimitIsRefused(Peer):
    """Answers 400 to ``limit``."""

    def objects(self, query: Query) -> Answer:
        return error(400, "limit") if "limit" in query else super().objects(query)


class AddedAfterIsRefused(Peer):
    """Answers 400 to ``added_after``; everything has to be read each time."""

    def objects(self, query: Query) -> Answer:
        return error(400, "added_after") if "added_after" in query else super().objects(query)


class AddedAfterIsIgnored(Peer):
    """Pays no attention to ``added_after``."""

    def selected(self, after: str | None) -> list[tuple[int, bytes]]:
        return self.rows


class NotSorted(Peer):
    """Sorts the newest first, against 3.4."""

    def selected(self, after: str | None) -> list[tuple[int, bytes]]:
        return super().selected(after)[::-1]


# Reading: dates.


class HttpDates(MoreWithoutNext):
    """Gives dates as HTTP does, to the second."""

    def date(self, moment: datetime) -> str:
        return format_datetime(moment, usegmt=True)


class JavascriptDates(MoreWithoutNext):
    """Gives dates as JavaScript prints them (MITRE's server)."""

    def date(self, moment: datetime) -> str:
        return moment.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")


class Milliseconds(MoreWithoutNext):
    """Cuts dates to milliseconds, with an offset instead of Z."""

    def date(self, moment: datetime) -> str:
        return moment.isoformat(timespec="milliseconds")


class RoundedUp(MoreWithoutNext):
    """Rounds dates to the next second."""

    def date(self, moment: datetime) -> str:
        return (moment + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class NoDates(Peer):
    """Sends no date headers."""

    def dates(self, page: list[tuple[int, bytes]]) -> dict[str, str]:
        return {}


# Reading: bodies.


class OtherContentType(Peer):
    """Calls what it sends something else."""

    content_type = "text/html; charset=utf-8"


class BundleForEnvelope(Peer):
    """Sends a STIX bundle where an envelope is due."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        body = super().envelope(page, more, cursor)
        return b'{"type":"bundle","id":"bundle--1",' + body[1:] if page else b'{"type":"bundle","id":"bundle--2"}'


class EmptyLists(Peer):
    """Sends empty and null members where the standard wants them left out, and a byte order mark."""

    def envelope(self, page: list[tuple[int, bytes]], more: bool, cursor: str) -> bytes:
        if page:
            return b"\xef\xbb\xbf" + super().envelope(page, more, cursor)
        return b'{"more":false,"next":null,"objects":null}'


class Compressed(Peer):
    """Sends gzip."""

    def objects(self, query: Query) -> Answer:
        found = super().objects(query)
        found.body = gzip.compress(found.body)
        found.headers = {**found.headers, "Content-Encoding": "gzip"}
        return found


class Reordered(Peer):
    """Writes an object with its keys in another order each time."""

    def objects(self, query: Query) -> Answer:
        self.rows = [(moment, encoded(dict(reversed(json.loads(raw).items())))) for moment, raw in self.rows]
        return super().objects(query)


# Reading: places.


class OtherCollectionId(Peer):
    """Has a collection whose id is no UUID (MITRE's server)."""

    collection = "x-mitre-collection--1f5f1533-f617-4ca8-9ab4-6a02367fa019"


class DiscoveryElsewhere(Peer):
    """Has its discovery resource at /taxii/."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        if path == "/taxii2/":
            return error(404)
        return super().answer(method, path.replace("/taxii/", "/taxii2/"), query, headers, body)


class NoSlash(Peer):
    """Has nothing at a path that ends in a slash."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        if path.endswith("/"):
            return error(404)
        return super().answer(method, path + "/", query, headers, body)


class Redirects(Peer):
    """Redirects every path to the one without a slash, keeping the query."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        if path.endswith("/"):
            there = path.rstrip("/") + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")
            return Answer(308, b"", {"Location": there})
        return super().answer(method, path + "/", query, headers, body)


class RootsElsewhere(Peer):
    """Lists its API root under the name that it has behind its proxy."""

    def discovery(self) -> bytes:
        return encoded({"title": "peer", "api_roots": ["http://taxii.internal:8080/api/"]})


class CollectionIsBroken(Peer):
    """Answers 500 to the question what a collection is (OpenTAXII 0.9.3); its address is all that is known."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        if path in ("/taxii2/", "/api/", "/api/collections/", f"/api/collections/{self.collection}/"):
            return Answer(500, b"<html>TypeError</html>")
        return super().answer(method, path, query, headers, body)


# Reading: trouble on the way.


class Busy(Peer):
    """Answers every third request with 429 and Retry-After, every fourth with 503 and without."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        if len(self.requests) % 3 == 0:
            return Answer(429, b'{"title":"slow down"}', {"Retry-After": "7"})
        if len(self.requests) % 4 == 0:
            return Answer(503, b"<html>busy</html>")
        return super().answer(method, path, query, headers, body)


class Cuts(Peer):
    """Cuts the connection in the body of every third answer."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        found = super().answer(method, path, query, headers, body)
        if len(self.requests) % 3 == 0:
            found.cut = len(found.body) // 2
        return found


class EndsEarly(Peer):
    """Ends every third answer early and says that it is whole."""

    def answer(self, method: str, path: str, query: Query, headers: dict[str, str], body: bytes) -> Answer:
        found = super().answer(method, path, query, headers, body)
        if len(self.requests) % 3 == 0:
            found.body = found.body[: len(found.body) // 2]
        return found


class PlannedCuts(Peer):
    """Cuts the connection at planned requests for objects, each at a share of the body."""

    def __init__(self, objects: list[Stix], added: list[int] | None, plan: dict[int, float]) -> None:
        super().__init__(objects, added)
        self.plan = plan
        self.asked = 0

    def objects(self, query: Query) -> Answer:
        found = super().objects(query)
        share = self.plan.get(self.asked)
        self.asked += 1
        if share is not None:
            found.cut = int(len(found.body) * share)
        return found


class PlannedCutsByDate(PlannedCuts, MoreWithoutNext):
    """The same, on a server that knows ``added_after`` alone."""


# Writing.


class Pending(Peer):
    """Takes objects, and says only later what became of them."""

    asked = 0

    def added(self, objects: list[Stix], known: set[str]) -> bytes:
        return encoded(self.counts("pending", pendings=objects))

    def status(self) -> bytes:
        self.asked += 1
        whole = self.asked > 2
        return encoded(self.counts("complete" if whole else "pending", failures=self.posted[-1][:1] if whole else []))

    def one(self, identifier: str) -> Answer:
        return error(404)


class AgainIsAFailure(Peer):
    """Counts an object that is there already as a failure (medallion 3.0.0)."""

    def added(self, objects: list[Stix], known: set[str]) -> bytes:
        again = [each for each in objects if each["id"] in known]
        return encoded(self.counts("complete", [each for each in objects if each["id"] not in known], again))


class FailuresWithoutNames(Peer):
    """Counts failures and does not list them; it has lost the first object of each envelope."""

    def added(self, objects: list[Stix], known: set[str]) -> bytes:
        self.rows = [row for row in self.rows if json.loads(row[1])["id"] != objects[0]["id"]]
        return encoded({"id": STATUS, "status": "complete", "failure_count": 1, "success_count": len(objects) - 1})


class SmallerThanItSays(Peer):
    """Answers 413 far below its max_content_length, and 422 never."""

    largest = 1_500

    def post(self, headers: dict[str, str], body: bytes) -> Answer:
        return error(413, "too large") if len(body) > self.largest else super().post(headers, body)


class OneWrongRefusesAll(Peer):
    """Refuses a whole envelope for one object in it (OpenTAXII): here the one that is called n5."""

    def post(self, headers: dict[str, str], body: bytes) -> Answer:
        return error(400, "validation error") if b'"n5 v0"' in body else super().post(headers, body)


class TakesAndFails(Peer):
    """Takes what is posted and answers 500, always (OpenTAXII 0.9.3)."""

    def post(self, headers: dict[str, str], body: bytes) -> Answer:
        super().post(headers, body)
        return Answer(500, b"<html>TypeError</html>")


class CutsAfterTaking(Peer):
    """Takes what is posted and cuts the connection before it says so, the first time."""

    def post(self, headers: dict[str, str], body: bytes) -> Answer:
        found = super().post(headers, body)
        if len(self.posted) == 1:
            found.cut = 3
        return found


class OwnErrors(Peer):
    """Has error bodies without ``title`` (OpenTAXII), with control characters in them."""

    def objects(self, query: Query) -> Answer:
        return Answer(403, json.dumps({"code": 403, "name": "Forbidden", "description": "no\x1b[2J way"}).encode())


@contextmanager
def serving(peer: Peer) -> Iterator[Peer]:
    """Serve a peer on a port of its own; its ``url`` is the address of its discovery resource."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.handle_one(b"")

        def do_POST(self) -> None:
            self.handle_one(self.rfile.read(int(self.headers["Content-Length"])))

        def handle_one(self, body: bytes) -> None:
            peer.requests.append(f"{self.command} {self.path}")
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            found = peer.answer(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            self.send_response(found.status)
            for name, value in {"Content-Type": peer.content_type, **found.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body[: found.cut])
            self.close_connection = found.cut is not None

        def log_message(self, *_: object) -> None:
            """Say nothing: the requests are in ``peer.requests``."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away is no error of ours."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    peer.url = f"http://127.0.0.1:{server.server_address[1]}/taxii2/"
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
