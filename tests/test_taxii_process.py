"""The server as a process: what it acknowledged survives ``kill -9``, TLS, stopping, and where it refuses to listen."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from consilience.app.auditing import FOLDER
from consilience.app.serving import Listening, check_listening, serve
from consilience.app.settings import Settings
from consilience.errors import ConsilienceError, InputError, StoreError
from consilience.exchange.audit_log import read_log
from consilience.exchange.loopback import is_loopback
from consilience.exchange.taxii.server import ServerSettings
from taxii_server import (
    TAXII,
    Server,
    furnish,
    indicator,
    password,
    postgres_cluster,
    postgres_opener,
    process,
    sqlite_opener,
)

PER_REQUEST = 20


def client_of(address: str, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    return httpx.Client(
        base_url=address, auth=("red", password("red")), headers={"Accept": TAXII}, trust_env=False, verify=verify,
        timeout=10,
    )  # fmt: skip


def push(address: str, path: str, first: int, acknowledged: list[str], stop: threading.Event) -> None:
    """Add objects until the server is gone; note those that it said it has."""
    with client_of(address) as client:
        for start in range(first, first + 1_000_000, PER_REQUEST):
            objects = [indicator(number) for number in range(start, start + PER_REQUEST)]
            try:
                response = client.post(
                    path, content=json.dumps({"objects": objects}).encode(), headers={"Content-Type": TAXII}
                )
            except httpx.HTTPError:
                return
            if response.status_code == 202:
                acknowledged += [each["id"] for each in response.json()["successes"]]
            if stop.is_set():
                return


def all_ids(client: httpx.Client, path: str) -> list[str]:
    ids: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"{path}?limit=1000{cursor}").json()
        ids += [each["id"] for each in page.get("objects", [])]
        if not page.get("more"):
            return ids
        cursor = f"&next={page['next']}"


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    made: Server = furnish(sqlite_opener(tmp_path))
    path = made.path("objects")
    acknowledged: list[list[str]] = [[] for _ in range(4)]
    stop = threading.Event()
    for round_ in range(2):
        with process(tmp_path) as (running, address):
            threads = [
                threading.Thread(target=push, args=(address, path, 10**7 * (10 * round_ + number), mine, stop))
                for number, mine in enumerate(acknowledged)
            ]
            for thread in threads:
                thread.start()
            before = sum(map(len, acknowledged))
            while sum(map(len, acknowledged)) < before + 400:
                time.sleep(0.01)
            running.kill()  # in the middle of pushes
            for thread in threads:
                thread.join(20)
                assert not thread.is_alive()
    with process(tmp_path) as (_, address), client_of(address) as client:
        ids = all_ids(client, path)
        assert len(ids) == len(set(ids))
        assert {each for mine in acknowledged for each in mine} <= set(ids)
        assert len(ids) % PER_REQUEST == 0  # a request is there whole or not at all
        manifest = client.get(made.path("manifest") + "?limit=1").json()["objects"]
        client.post(path, content=json.dumps({"objects": [indicator(5)]}).encode(), headers={"Content-Type": TAXII})
        last = client.get(f"{made.path('manifest')}?match[id]={indicator(5)['id']}").json()["objects"][0]
        assert last["date_added"] > manifest[0]["date_added"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_servers_over_one_database(tmp_path: Path, kind: str) -> None:
    """Four clients push to two processes while one reads what is new from both in turn: nothing is lost or doubled."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres_cluster())() if kind == "postgres" else ""
        made = furnish(postgres_opener(database) if database else sqlite_opener(tmp_path))
        environment = {"CONSILIENCE_EXCHANGE_DATABASE": database}
        addresses = [stack.enter_context(process(tmp_path, **environment))[1] for _ in range(2)]
        acknowledged: list[list[str]] = [[] for _ in range(4)]
        stop = threading.Event()
        threads = [
            threading.Thread(target=push, args=(addresses[n % 2], made.path("objects"), 10**7 * n, mine, stop))
            for n, mine in enumerate(acknowledged)
        ]
        for thread in threads:
            thread.start()
        clients = [stack.enter_context(client_of(address)) for address in addresses]
        seen: list[str] = []
        last = "2000-01-01T00:00:00.000000Z"
        turn = 0
        ended = False
        while True:
            response = clients[turn % 2].get(f"{made.path('objects')}?limit=7&added_after={last}")
            turn += 1
            if response.json():
                seen += [each["id"] for each in response.json()["objects"]]
                last = response.headers["X-TAXII-Date-Added-Last"]
            elif ended:
                break
            if sum(map(len, acknowledged)) >= 600 and not ended:
                stop.set()
                for thread in threads:
                    thread.join(20)
                ended = True
    assert sorted(seen) == sorted(each for mine in acknowledged for each in mine)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "centre")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "tls.pem", folder / "tls.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, key_file


def test_tls_and_a_clean_stop(tmp_path: Path) -> None:
    made = furnish(sqlite_opener(tmp_path / "workspace"))
    pem, key = certificate(tmp_path)
    with process(tmp_path / "workspace", pem, key) as (running, address):
        assert address.startswith("https://127.0.0.1:")
        with client_of(address, ssl.create_default_context(cafile=pem)) as client:
            body = json.dumps({"objects": [indicator(1)]}).encode()
            client.post(made.path("objects"), content=body, headers={"Content-Type": TAXII})
            assert client.get(made.path("objects")).status_code == 200
        with client_of(address) as client, pytest.raises(httpx.ConnectError):
            client.get("/taxii2/")  # nobody vouches for the certificate
        with client_of(address.replace("https", "http")) as client, pytest.raises(httpx.HTTPError):
            client.get("/taxii2/")
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
    log = read_log(tmp_path / "workspace" / FOLDER)  # also of the last second
    assert [(line.entry.action.value, line.entry.author) for line in log.lines] == [
        ("received", "red"),
        ("released", "red"),
    ]
    assert not (tmp_path / "workspace" / "exchange.sqlite-wal").exists()  # closed, not killed
    assert (tmp_path / "workspace" / "exchange.sqlite").stat().st_mode & 0o077 == 0


LISTENING = [
    # host, TLS, behind a proxy, allowed
    ("127.0.0.1", False, False, True),
    ("127.3.2.1", False, False, True),
    ("::1", False, False, True),
    ("localhost", False, False, True),
    ("0.0.0.0", False, False, False),
    ("::", False, False, False),
    ("192.0.2.7", False, False, False),
    ("centre.example", False, False, False),
    ("localhost.example", False, False, False),
    ("", False, False, False),
    ("0.0.0.0", True, False, True),
    ("192.0.2.7", True, False, True),
    ("0.0.0.0", False, True, True),
]


@pytest.mark.parametrize(("host", "tls", "proxy", "allowed"), LISTENING)
def test_nothing_is_served_to_others_in_the_clear(
    tmp_path: Path, host: str, tls: bool, proxy: bool, allowed: bool
) -> None:
    pem, key = certificate(tmp_path) if tls else (None, None)
    listening = Listening(host=host, certificate=pem, key=key, behind_proxy=proxy)
    if allowed:
        check_listening(listening)
    else:
        assert not is_loopback(host)
        with pytest.raises(InputError, match="in the clear"):
            check_listening(listening)


def refused(workspace: Path, listening: Listening) -> ConsilienceError:
    with pytest.raises(ConsilienceError) as caught:
        serve(
            Settings(workspace=workspace, cache=workspace),
            listening,
            ServerSettings(),
            pytest.fail,
            lambda address: pytest.fail(f"it listens on {address}"),
        )
    return caught.value


def test_what_else_keeps_it_from_starting(tmp_path: Path) -> None:
    assert "log in" in str(refused(tmp_path, Listening(port=0)))
    furnish(sqlite_opener(tmp_path))
    pem, _ = certificate(tmp_path)
    assert "both" in str(refused(tmp_path, Listening(port=0, certificate=pem)))
    assert "no such file" in str(refused(tmp_path, Listening(port=0, certificate=pem, key=tmp_path / "nothing")))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        error = refused(tmp_path, Listening(port=taken.getsockname()[1]))
        assert isinstance(error, StoreError)
        assert "cannot listen" in str(error)
    assert "no port" in str(refused(tmp_path, Listening(port=70_000)))


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    furnish(sqlite_opener(tmp_path))
    connection = sqlite3.connect(tmp_path / "exchange.sqlite")
    connection.execute("UPDATE taxii_meta SET value = CAST('99' AS BLOB) WHERE key = 'schema_version'")
    connection.commit()
    connection.close()
    assert "schema version 99" in str(refused(tmp_path, Listening(port=0)))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "exchange.sqlite").write_bytes(b"not a database" * 100)
    assert "cannot open" in str(refused(tmp_path / "other", Listening(port=0)))


@pytest.mark.parametrize("address", ["mysql://x/y", "postgresql://nobody:secret@127.0.0.1:1/none"])
def test_a_database_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CONSILIENCE_EXCHANGE_DATABASE", address)
    error = refused(tmp_path, Listening(port=0))
    assert "secret" not in str(error)
    assert "exchange" in str(error).lower()


@pytest.mark.slow
@pytest.mark.parametrize(("options", "failed"), [((), 0), (("--validate",), 1)])
def test_the_rules_of_stix_bind_where_they_are_asked_for(tmp_path: Path, options: tuple[str, ...], failed: int) -> None:
    made = furnish(sqlite_opener(tmp_path))
    unsound = indicator(1) | {"pattern": "[domain-name:value = 'a.example'"}
    command = [sys.executable, "-m", "consilience", "--workspace", str(tmp_path), "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout is not None
            address = running.stdout.readline().split()[-1].removesuffix("/taxii2/")
            with client_of(address) as client:
                answer = client.post(
                    made.path("objects"),
                    content=json.dumps({"objects": [indicator(0), unsound]}).encode(),
                    headers={"Content-Type": TAXII},
                ).json()
        finally:
            running.kill()
    assert (answer["failure_count"], answer["success_count"]) == (failed, 2 - failed)
    assert all("pattern" in each["message"] for each in answer.get("failures", []))
