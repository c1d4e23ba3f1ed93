"""Hostile input over real sockets: the standard's error or a closed connection, never a 5xx, nothing half-stored."""

from __future__ import annotations

import base64
import contextlib
import json
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from consilience.exchange.taxii.connections import ImpatientConnection
from taxii_server import (
    ROOT,
    TAXII,
    Server,
    indicator,
    password,
    running,
    small,
    sqlite_opener,
    status_of,
)

BODY = 1_000_000
CREDENTIALS = base64.b64encode(f"red:{password('red')}".encode()).decode()
HEAD = f"Host: x\r\nAuthorization: Basic {CREDENTIALS}\r\nAccept: {TAXII}\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(sqlite_opener(tmp_path_factory.mktemp("workspace")), small(body=BODY, body_seconds=1.0)) as started:
        yield started


def port_of(server: Server) -> int:
    return int(server.address.rsplit(":", 1)[1])


def send(server: Server, data: bytes, seconds: float = 10.0) -> bytes:
    """Send bytes as they are and return everything that comes back until the connection ends or is silent."""
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=seconds) as connection:
        connection.sendall(data)
        received = b""
        try:
            while part := connection.recv(65_536):
                received += part
                if b"\r\n\r\n" in received and b"connection: close" not in received.lower():
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def status(received: bytes) -> int:
    return int(received.split(b" ")[1]) if received else 0


MANY_HEADERS = "".join(f"X{number}: 1\r\n" for number in range(20_000))
REQUESTS = [
    # what is sent, statuses that may come back (0: the connection is closed without an answer)
    (b"\r\n\r\n\r\n", {0, 400}),
    (b"\x00\x01\x02\x03\r\n\r\n", {0, 400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100 + b"\r\n\r\n", {0, 400}),  # TLS to a plain port
    (b"GET /taxii2/\r\n\r\n", {0, 400}),
    (b"GET /taxii2/ HTTP/9.9\r\n\r\n", {0, 400, 401}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}X-Long: {'x' * 200_000}\r\n\r\n".encode(), {0, 400, 431}),
    (f"GET /taxii2/?{'a' * 200_000} HTTP/1.1\r\n{HEAD}\r\n".encode(), {0, 400, 414}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}{MANY_HEADERS}\r\n".encode(), {0, 400, 431}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}Bad Header: 1\r\n\r\n".encode(), {0, 400}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD} folded: 1\r\n\r\n".encode(), {0, 400, 406}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}X: \xff\xfe\r\n\r\n".encode("latin-1"), {200, 400}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}X: a\x00b\r\n\r\n".encode(), {0, 400}),
    (f"GET /\xff\xfe/ HTTP/1.1\r\n{HEAD}\r\n".encode("latin-1"), {0, 400, 404}),
    (f"GET /{ROOT}/%ff%fe/ HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"GET /{ROOT}/collections/%00/objects/ HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"GET /{ROOT}/collections/..%2f..%2fetc%2fpasswd/objects/ HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"GET /{ROOT}/../../etc/passwd HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"GET //{ROOT}//collections// HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"GET http://evil.example/taxii2/ HTTP/1.1\r\n{HEAD}\r\n".encode(), {200, 400, 404}),
    (f"GET /{ROOT}/status/x%0d%0aSet-Cookie:%20a=b/ HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"GET /{ROOT}/collections/'%20OR%201=1--/objects/ HTTP/1.1\r\n{HEAD}\r\n".encode(), {404}),
    (f"OPTIONS * HTTP/1.1\r\n{HEAD}\r\n".encode(), {204, 400, 404}),
    (f"CONNECT x:1 HTTP/1.1\r\n{HEAD}\r\n".encode(), {0, 400, 404, 405}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello".encode(), {0, 400}),
    (f"GET /taxii2/ HTTP/1.1\r\n{HEAD}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode(), {200, 400}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "allowed"), REQUESTS, ids=[str(data[:60]) for data, _ in REQUESTS])
def test_hostile_requests(server: Server, data: bytes, allowed: set[int]) -> None:
    received = send(server, data, seconds=2.0)
    assert status(received) in allowed, received[:300]
    assert b"Set-Cookie: a=b" not in received.split(b"\r\n\r\n")[0]
    assert server.client().get("/taxii2/").status_code == 200


POSTS = [
    # headers, body, status; 400 comes from the HTTP parser
    ("Content-Length: 1000000000000", b"{", 413),
    ("Content-Length: 2000001", b"{", 413),
    ("Content-Length: 99999999999999999999999999999999999", b"{", 400),
    ("Content-Length: 10", b"{", 408),  # nine bytes never come
    ("Transfer-Encoding: chunked", b"zz\r\n", 400),
    ("Transfer-Encoding: chunked", b"5\r\nhello\r\n", 408),
    ("Content-Length: -1", b"{", 400),
]


@pytest.mark.parametrize(("headers", "body", "expected"), POSTS)
def test_hostile_bodies(server: Server, headers: str, body: bytes, expected: int) -> None:
    head = f"POST {server.path('objects')} HTTP/1.1\r\n{HEAD}Content-Type: {TAXII}\r\n{headers}\r\n\r\n"
    received = send(server, head.encode() + body, seconds=5.0)
    assert status(received) == expected, received[:300]
    assert server.ids() == []


def test_a_body_without_an_end_is_cut_off_at_the_limit(server: Server) -> None:
    """A gigabyte in chunks: the answer comes when the limit is crossed, and no more than that was read or kept."""
    sent = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = (
        f"POST {server.path('objects')} HTTP/1.1\r\n{HEAD}Content-Type: {TAXII}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as connection:
        connection.sendall(head.encode())
        try:
            while sent < 1 << 30:
                connection.sendall(chunk)
                sent += 0x10000
        except OSError:
            pass  # the server has closed
        received = b""
        with contextlib.suppress(OSError):  # its answer was lost with the connection
            received = connection.recv(65_536)
    assert status(received) in (0, 413)
    assert sent < 50_000_000  # what lies in the sockets' buffers
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
    assert server.client().get("/taxii2/").status_code == 200


def test_the_limit_itself_is_taken(server: Server) -> None:
    """A body of exactly max_content_length is no 413 (4.2.1)."""
    body = json.dumps({"objects": [indicator(1)]}).encode()
    for size, expected in ((BODY, 202), (BODY + 1, 413)):
        padded = body + b" " * (size - len(body))
        response = server.client().post(server.path("objects"), content=padded, headers={"Content-Type": TAXII})
        assert response.status_code == expected
    server.client().delete(server.path("objects", indicator(1)["id"]))


def test_a_slow_body_ends(server: Server) -> None:
    head = f"POST {server.path('objects')} HTTP/1.1\r\n{HEAD}Content-Type: {TAXII}\r\nContent-Length: 100\r\n\r\n"
    before = time.monotonic()
    assert status(send(server, head.encode() + b'{"objects":')) == 408
    assert time.monotonic() - before < 5


def test_slow_headers_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpatientConnection, "period", 0.2)
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as connection:
        connection.sendall(b"GET /taxii2/ HTTP/1.1\r\n")
        before = time.monotonic()
        try:
            for number in range(50):
                connection.sendall(f"X-{number}: 1\r\n".encode())
                time.sleep(0.05)
        except OSError:
            pass  # closed by the server
        assert time.monotonic() - before < 2


def test_nobody_hears_the_answer(server: Server) -> None:
    """A client that goes away in the middle of its body leaves nothing behind."""
    head = f"POST {server.path('objects')} HTTP/1.1\r\n{HEAD}Content-Type: {TAXII}\r\nContent-Length: 1000\r\n\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as connection:
            connection.sendall(head.encode() + b'{"objects":[')
    assert server.ids() == []


def test_a_server_clock_that_goes_back_does_not_take_the_dates_with_it(tmp_path: Path) -> None:
    now = 2_000_000_000_000_000
    with running(sqlite_opener(tmp_path), wall=lambda: now) as server:
        status_of(server.post(indicator(1)))
        now -= 3_600_000_000
        status_of(server.post(indicator(2)))
        first, second = (each["date_added"] for each in server.get("manifest").json()["objects"])
        assert (first, second) == ("2033-05-18T03:33:20.000000Z", "2033-05-18T03:33:20.000001Z")
        page = server.match(
            "limit=1"
        ).json()  # ended at a whole second: the date is written with its zeros all the same
        assert server.ids(text=f"limit=1&next={page['next']}") == [indicator(2)["id"]]
        now -= 10**15  # a clock that starts in 1970 minus a bit
        status_of(server.post(indicator(3)))
        assert server.ids(text=f"added_after={second}") == [indicator(3)["id"]]


def test_a_failing_database_is_an_error_that_tells_nothing(tmp_path: Path) -> None:
    with running(sqlite_opener(tmp_path)) as server:

        async def break_it(database: object) -> None:
            async with database.transaction() as transaction:  # type: ignore[attr-defined]
                await transaction.execute("DROP TABLE taxii_object")

        server.change(break_it)
        response = server.get("objects")
        assert response.status_code == 500
        assert response.headers["Content-Type"] == TAXII
        assert "taxii_object" not in response.text
        assert "sqlite" not in response.text.lower()


@pytest.mark.slow
def test_large_numbers_of_tiny_objects_are_bounded(tmp_path: Path) -> None:
    """100,000 empty objects, and 2,000 versions of one object: each ends soon."""
    with running(sqlite_opener(tmp_path), small(objects=100_000)) as server:
        before = time.process_time()
        body = b'{"objects":[' + b",".join([b"{}"] * 100_000) + b"]}"
        response = server.client().post(server.path("objects"), content=body, headers={"Content-Type": TAXII})
        assert response.json()["failure_count"] == 100_000
        status_of(server.post(*(indicator(1, version) for version in range(2_000))))
        assert len(server.ids()) == 1
        assert time.process_time() - before < 20


def test_httpx_sees_a_whole_answer_for_413(server: Server) -> None:
    """A client that declares its length gets to read why."""
    response = httpx.post(
        f"{server.address}{server.path('objects')}",
        content=b"x" * (BODY * 2),
        headers={"Content-Type": TAXII, "Authorization": f"Basic {CREDENTIALS}"},
        trust_env=False,
    )
    assert response.status_code == 413
    assert response.json()["title"]
