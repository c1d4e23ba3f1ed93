"""Accounts, passwords, tokens, rate limits and what the audit log is told."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher

from consilience.errors import InputError, UnknownNameError
from consilience.exchange.taxii import directory
from consilience.exchange.taxii.authentication import FAILURES
from consilience.exchange.taxii.database import Database
from consilience.exchange.taxii.directory import Right
from consilience.exchange.taxii.rate_limits import Rate, RateLimit
from consilience.model.marking import Marking
from taxii_server import (
    CHEAP_HASHER,
    ROOT,
    SETTINGS,
    TAXII,
    Server,
    indicator,
    password,
    running,
    sqlite_opener,
    status_of,
)

pytest_plugins = ("taxii_fixtures",)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Server]:
    """A server of its own, since wrong credentials count against an address for a while."""
    with running(sqlite_opener(tmp_path)) as started:
        yield started


def ask(server: Server, header: str | None) -> httpx.Response:
    headers = {"Accept": TAXII} | ({"Authorization": header} if header is not None else {})
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{server.address}/taxii2/", headers=headers)


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


GOOD = [basic("red", password("red")), "bAsIc  " + basic("red", password("red"))[6:]]
WRONG = [
    None, "", "Basic", "Basic !!!", "Basic cmVk", basic("red", "wrong"), basic("nobody", password("red")),
    basic("RED", password("red")), basic("", ""), "Bearer", "Bearer cst_wrong", basic("red", "cst_wrong"),
    "Digest username=red", "Basic " + "A" * 20_000, "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    basic("red", password("red") + "\x00"),
]  # fmt: skip


@pytest.mark.parametrize("header", GOOD)
def test_the_right_credentials(alone: Server, header: str) -> None:
    assert ask(alone, header).status_code == 200


@pytest.mark.parametrize("header", WRONG)
def test_wrong_credentials_are_401_with_a_challenge(alone: Server, header: str | None) -> None:
    response = ask(alone, header)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "Bearer" in response.headers["WWW-Authenticate"]
    assert response.headers["Content-Type"] == TAXII
    assert response.json()["http_status"] == "401"


def test_every_endpoint_asks_for_credentials(taxii_server: Server) -> None:
    with httpx.Client(base_url=taxii_server.address, headers={"Accept": TAXII}, trust_env=False) as client:
        for path in (
            "/taxii2/",
            f"/{ROOT}/",
            f"/{ROOT}/collections/",
            f"/{ROOT}/status/x/",
            taxii_server.path("objects"),
        ):
            assert client.get(path).status_code == 401
        assert client.post(taxii_server.path("objects"), content=b"x").status_code == 401
        assert client.delete(taxii_server.path("objects", indicator(1)["id"])).status_code == 401


def test_tokens(alone: Server) -> None:
    async def make(database: Database) -> str:
        return await directory.add_token(database, "green", "opencti")

    token = alone.change(make)
    for header in (f"Bearer {token}", f"bearer {token}", basic("green", token)):
        assert ask(alone, header).status_code == 200
    assert ask(alone, basic("red", token)).status_code == 401  # somebody else's token
    assert ask(alone, f"Bearer {token}x").status_code == 401
    (kept,) = alone.change(lambda database: database.fetch("SELECT digest FROM taxii_token"))
    assert kept[0] == hashlib.sha256(token.encode()).digest()  # the token itself is nowhere
    alone.change(lambda database: directory.revoke_token(database, kept[0].hex()[:8]))
    assert ask(alone, f"Bearer {token}").status_code == 401  # a stolen token ends with its revocation


def test_a_token_ends_when_it_expires(tmp_path: Path) -> None:
    now = 1_000_000_000_000_000
    with running(sqlite_opener(tmp_path), wall=lambda: now) as server:

        async def make(database: Database) -> str:
            return await directory.add_token(database, "green", "short", expires=1_000_000_000_000_001)

        token = server.change(make)
        assert ask(server, f"Bearer {token}").status_code == 200
        now += 1
        assert ask(server, f"Bearer {token}").status_code == 401


def test_a_changed_password_and_a_removed_account_count_at_once(alone: Server) -> None:
    old = basic("green", password("green"))
    assert ask(alone, old).status_code == 200  # and is remembered now
    alone.change(lambda database: directory.change_password(database, "green", "new one", CHEAP_HASHER))
    assert ask(alone, old).status_code == 401
    assert ask(alone, basic("green", "new one")).status_code == 200
    alone.change(lambda database: directory.remove_account(database, "green"))
    assert ask(alone, basic("green", "new one")).status_code == 401


def test_a_changed_right_counts_at_once(taxii: Server) -> None:
    status_of(taxii.post(indicator(1)))
    assert taxii.get("objects", account="green").status_code == 200
    collection = taxii.collections["main"]
    taxii.change(lambda database: directory.set_right(database, "green", collection, Right()))
    assert taxii.get("objects", account="green").status_code == 404
    taxii.change(lambda database: directory.set_right(database, "green", collection, Right(can_write=True)))
    assert taxii.get("objects", account="green").status_code == 403


def test_a_verified_password_is_not_verified_again(tmp_path: Path) -> None:
    """The real Argon2id costs tens of milliseconds; a request after the first one does not pay it."""
    with running(sqlite_opener(tmp_path)) as server:
        slow = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        server.change(lambda database: directory.add_account(database, "slow", "secret", Marking.CLEAR, slow))
        with httpx.Client(base_url=server.address, auth=("slow", "secret"), trust_env=False) as client:
            times = []
            for _ in range(6):
                before = time.perf_counter()
                assert client.get("/taxii2/").status_code == 200
                times.append(time.perf_counter() - before)
    assert median(times[1:]) < times[0] / 2


def test_tokens_are_not_shut_out_by_who_guesses_passwords(alone: Server) -> None:
    token = alone.change(lambda database: directory.add_token(database, "green", ""))
    for number in range(int(FAILURES.burst) + 1):
        last = ask(alone, basic("red", f"guess {number}"))
    assert last.status_code == 429
    assert ask(alone, f"Bearer {token}").status_code == 200


def test_too_many_wrong_credentials_are_429(alone: Server) -> None:
    answers = [ask(alone, basic("red", f"guess {number}")).status_code for number in range(int(FAILURES.burst) + 2)]
    assert answers[: int(FAILURES.burst)] == [401] * int(FAILURES.burst)
    response = ask(alone, basic("red", password("red")))  # also with the right ones: else guessing goes on
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["http_status"] == "429"


@pytest.mark.parametrize("field", ["account_rate", "address_rate"])
def test_too_many_requests_are_429(tmp_path: Path, field: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, **{field: Rate(per_second=0.01, burst=3)})
    with running(sqlite_opener(tmp_path), settings) as server:
        answers = [server.client().get("/taxii2/") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert 0 < int(answers[3].headers["Retry-After"]) <= 100
        assert (server.client("green").get("/taxii2/").status_code == 200) == (field == "account_rate")


def test_a_bucket_fills_up_again() -> None:
    now = 0.0
    limit = RateLimit(Rate(per_second=2, burst=3), lambda: now)
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("b") == 0
    now = 0.5
    assert [limit.wait("a"), limit.wait("a")] == [0, 0.5]
    now = 1_000.0
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_buckets_are_bounded() -> None:
    limit = RateLimit(Rate(per_second=1, burst=1), lambda: 0.0)
    for number in range(50_000):
        limit.wait(str(number))
    assert len(limit._buckets) <= 20_000


def test_the_audit_log_is_told_of_everything_but_what(taxii: Server) -> None:
    del taxii.events[:]
    status_of(taxii.post(indicator(1, marking=Marking.RED), indicator(2)))
    taxii.get("objects")
    taxii.get("objects", account="green")
    taxii.get("objects", account="none")
    taxii.client().delete(taxii.path("objects", indicator(1)["id"]))
    main = taxii.collections["main"]
    assert [(e.action, e.account, e.collection, e.objects, e.status) for e in taxii.events] == [
        ("received", "red", main, 2, 202),
        ("released", "red", main, 2, 200),
        ("released", "green", main, 1, 200),
        ("refused", "none", main, 0, 404),
        ("deleted", "red", main, 1, 200),
    ]
    assert {event.address for event in taxii.events} == {"127.0.0.1"}
    assert "indicator--" not in str(taxii.events)
    assert "pass" not in str(taxii.events)


def test_what_somebody_unknown_sends_does_not_get_into_the_audit_log(alone: Server) -> None:
    with httpx.Client(base_url=alone.address, trust_env=False, auth=("red\nforged", "x")) as client:
        client.get("/centre/collections/forged%0Aline/objects/")
    (event,) = alone.events
    assert (event.action, event.account, event.collection, event.status) == ("refused", "", "", 401)


NAMES = ["", "A", "a b", "a/b", "../a", "a\n", "ä", "a" * 64, "-a", ".a"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_cannot_stand_in_a_path(taxii: Server, name: str) -> None:
    async def account(database: Database) -> None:
        await directory.add_account(database, name, "x", Marking.CLEAR, CHEAP_HASHER)

    async def root(database: Database) -> str:
        return await directory.add_collection(database, name, "Title", unmarked=Marking.CLEAR)

    for action in (account, root):
        with pytest.raises(InputError):
            taxii.change(action)


def test_what_is_taken_or_not_there(taxii: Server) -> None:
    taken = taxii.collections["main"]

    async def alias(database: Database) -> str:
        known = await directory.read_directory(database)
        return await directory.add_collection(
            database, ROOT, "Again", alias=known.collections[ROOT, taken].alias, unmarked=Marking.CLEAR
        )

    for refused in (
        alias,
        lambda database: directory.add_account(database, "red", "x", Marking.CLEAR, CHEAP_HASHER),
        lambda database: directory.add_collection(database, "taxii2", "T", unmarked=Marking.CLEAR),
        lambda database: directory.add_collection(database, ROOT, "T", alias=taken, unmarked=Marking.CLEAR),
    ):
        with pytest.raises(InputError):
            taxii.change(refused)
    for unknown in (
        lambda database: directory.add_token(database, "nobody", ""),
        lambda database: directory.remove_account(database, "nobody"),
        lambda database: directory.change_password(database, "nobody", "x", CHEAP_HASHER),
        lambda database: directory.set_right(database, "nobody", taken, Right()),
        lambda database: directory.set_right(database, "red", "nothing", Right()),
        lambda database: directory.revoke_token(database, ""),
        lambda database: directory.revoke_token(database, "zz"),
    ):
        with pytest.raises(UnknownNameError):
            taxii.change(unknown)


def test_requests_at_the_same_time_cost_one_verification(tmp_path: Path) -> None:
    """A client that opens many connections at once does not make the server verify one password many times."""
    verified = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - argon2's signature
            verified.append(1)
            time.sleep(0.2)
            return super().verify(hash, password)

    counting = Counting(time_cost=1, memory_cost=8, parallelism=1)
    with running(sqlite_opener(tmp_path), hasher=counting) as server, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(server, basic("red", password("red"))).status_code, range(16)))
    assert answers == [200] * 16
    assert len(verified) == 1


def test_guesses_at_the_same_time_are_limited_like_guesses_in_turn(tmp_path: Path) -> None:
    verified = []

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - argon2's signature
            verified.append(password)
            time.sleep(0.05)
            return super().verify(hash, password)

    slow = Slow(time_cost=1, memory_cost=8, parallelism=1)
    with running(sqlite_opener(tmp_path), hasher=slow) as server, ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda n: ask(server, basic("red", f"guess {n}")).status_code, range(30)))
    assert sorted(set(answers)) == [401, 429]
    assert len(verified) == answers.count(401) == int(FAILURES.burst)
