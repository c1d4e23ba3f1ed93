"""What holds of every endpoint of TAXII 2.1: server information, collections, rights, HTTP (3.1, 4, 5.1, 5.2).

Over SQLite and over PostgreSQL, black-box, each row with its clause. Beside the clauses, the rows are what others are
known to get wrong, and the questions that medallion's own suite asks of a server (oasis-open/cti-taxii-server,
``test_backends.py``), asked anew of this one.
"""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from consilience.exchange.taxii.timestamps import parse_timestamp
from consilience.model.marking import Marking
from taxii_history import (
    ONE,
    error_of,
)
from taxii_server import ROOT, TAXII, Server, indicator, status_of

pytest_plugins = ("taxii_fixtures",)


def test_discovery(taxii: Server) -> None:
    response = taxii.client().get("/taxii2/")
    assert response.headers["Content-Type"] == TAXII
    assert response.json() == {"title": "Consilience", "default": f"/{ROOT}/", "api_roots": [f"/{ROOT}/"]}


def test_api_root(taxii: Server) -> None:
    found = taxii.client().get(f"/{ROOT}/").json()
    assert found == {"title": ROOT, "versions": [TAXII], "max_content_length": 10 * 1024 * 1024}


ABSENT = [
    "/",
    "/nowhere/",
    "/nowhere/collections/",
    f"/{ROOT}/nothing/",
    f"/{ROOT}/collections/2d086da7-4bdc-4f91-900e-d77486753711/",
    f"/{ROOT}/status/2d086da7-4bdc-4f91-900e-d77486753711/",
]


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_not_there(taxii: Server, path: str) -> None:
    error_of(taxii.client().get(path), 404)


@pytest.mark.parametrize("status", ["not-a-uuid", "2d086da7-4bdc-4f91-900e-d77486753710", "%00", "a" * 1000])
def test_unknown_status_is_404_whatever_it_looks_like(taxii: Server, status: str) -> None:
    error_of(taxii.client().get(f"/{ROOT}/status/{status}/"), 404)


def test_status_is_kept_for_its_own_account(taxii: Server) -> None:
    made = status_of(taxii.post(indicator(1)))
    path = f"/{ROOT}/status/{made['id']}/"
    assert taxii.client().get(path).json() == made
    error_of(taxii.client("amber").get(path), 404)
    assert made["status"] == "complete"
    assert (made["total_count"], made["success_count"], made["failure_count"], made["pending_count"]) == (1, 1, 0, 0)
    assert made["successes"] == [{"id": ONE, "version": indicator(1)["modified"]}]
    assert "failures" not in made  # empty lists are prohibited (2)
    parse_timestamp(made["request_timestamp"])


def test_collections_of_the_account_in_one_order(taxii: Server) -> None:
    def listed(account: str) -> list[dict[str, Any]]:
        everything = taxii.client(account).get(f"/{ROOT}/collections/").json().get("collections", [])
        return [each for each in everything if each["id"] in taxii.collections.values()]

    assert [(each["title"], each["can_read"], each["can_write"]) for each in listed("red")] == [
        ("Main", True, True),
        ("Other", True, True),
    ]
    assert [(each["title"], each["can_read"], each["can_write"]) for each in listed("writer")] == [
        ("Main", False, True)
    ]
    assert taxii.client("none").get(f"/{ROOT}/collections/").json() == {}  # no empty list (5.1.1)
    assert listed("red") == listed("red")


def test_a_collection_by_id_and_by_alias(taxii: Server) -> None:
    found = taxii.client().get(taxii.path()).json()
    assert found["id"] == taxii.collections["main"]
    assert uuid.UUID(found["id"]).version == 4
    assert found["media_types"] == ["application/stix+json;version=2.1", "application/stix+json;version=2.0"]
    assert taxii.client().get(f"/{ROOT}/collections/{found['alias']}/").json() == found
    error_of(taxii.client("none").get(taxii.path()), 404)


RIGHTS = [
    # account, reading, writing, deleting: 403 where one right is lacking, 404 where both are (5.4 to 5.7)
    ("red", 200, 202, 200),
    ("reader", 200, 403, 403),
    ("writer", 403, 202, 403),
    ("none", 404, 404, 404),
]


@pytest.mark.parametrize(("account", "reading", "writing", "deleting"), RIGHTS)
def test_rights(taxii: Server, account: str, reading: int, writing: int, deleting: int) -> None:
    status_of(taxii.post(indicator(1), indicator(2)))
    two = indicator(2)["id"]
    for parts in (("objects",), ("manifest",), ("objects", two), ("objects", two, "versions")):
        assert taxii.get(*parts, account=account).status_code == reading
    assert taxii.post(indicator(3), account=account).status_code == writing
    assert taxii.client(account).delete(taxii.path("objects", two)).status_code == deleting


def test_paths_with_and_without_the_slash(history: Server) -> None:
    for parts in ((), ("objects",), ("manifest",), ("objects", ONE), ("objects", ONE, "versions")):
        path = history.path(*parts)
        with_slash, without = (history.client().get(each) for each in (path, path.removesuffix("/")))
        assert (with_slash.status_code, with_slash.content) == (without.status_code, without.content)
    assert history.client().get("/taxii2").status_code == history.client().get(f"/{ROOT}").status_code == 200
    assert history.client().get(f"/{ROOT}/collections").status_code == 200


@pytest.mark.parametrize("header", ["text/html", "application/json", "application/taxii+json;version=2.0"])
def test_other_accept_headers_are_406(history: Server, header: str) -> None:
    for path in ("/taxii2/", history.path("objects")):
        error_of(history.client().get(path, headers={"Accept": header}), 406)


METHODS = [
    ("PUT", (), "GET, HEAD, OPTIONS"),
    ("POST", (), "GET, HEAD, OPTIONS"),
    ("DELETE", ("objects",), "GET, HEAD, OPTIONS, POST"),
    ("PATCH", ("objects", ONE), "DELETE, GET, HEAD, OPTIONS"),
    ("BREW", ("manifest",), "GET, HEAD, OPTIONS"),
]


@pytest.mark.parametrize(("method", "parts", "allowed"), METHODS)
def test_methods(history: Server, method: str, parts: tuple[str, ...], allowed: str) -> None:
    response = history.client().request(method, history.path(*parts))
    error_of(response, 405)
    assert response.headers["Allow"] == allowed
    options = history.client().options(history.path(*parts))
    assert (options.status_code, options.headers["Allow"], options.content) == (204, allowed, b"")


def test_head_is_get_without_a_body(history: Server) -> None:
    for parts in (("objects",), ("manifest",), ("objects", ONE)):
        get, head = (history.client().request(method, history.path(*parts)) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-type", "etag", "content-length", "x-taxii-date-added-first", "x-taxii-date-added-last")
        assert {name: head.headers[name] for name in same} == {name: get.headers[name] for name in same}


def test_compression(history: Server) -> None:
    plain = history.client().get(history.path("objects"), headers={"Accept-Encoding": "identity"})
    packed = history.client().get(history.path("objects"), headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) == len(packed.content)
    for refused in ("gzip;q=0", "gzip; q=0.0", "br", ""):
        answer = history.client().get(history.path("objects"), headers={"Accept-Encoding": refused})
        assert "content-encoding" not in answer.headers


def test_entity_tags(history: Server) -> None:
    first = history.get("objects")
    tag = first.headers["ETag"]

    def again(given: str, text: str = "") -> httpx.Response:
        return history.client().get(f"{history.path('objects')}?{text}", headers={"If-None-Match": given})

    for given in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        assert (again(given).status_code, again(given).content) == (304, b"")
    assert again('"other"').status_code == again("*").status_code == 200
    assert again(tag, "limit=1").status_code == 200
    assert history.get("manifest").headers["ETag"] != tag
    status_of(history.post(indicator(7)))
    assert again(tag).status_code == 200
    history.client().delete(history.path("objects", indicator(7)["id"]))
    assert again(tag).status_code == 200  # the objects are those of before, and a changed tag is allowed for them


def test_a_tag_does_not_hide_that_an_object_is_gone(history: Server) -> None:
    path = history.path("objects", ONE)
    tag = history.get("objects", ONE).headers["ETag"]
    history.client().delete(path)
    for given in (tag, "*"):
        error_of(history.client().get(path, headers={"If-None-Match": given}), 404)


def test_an_unmarked_object_counts_as_its_collection_says(taxii: Server) -> None:
    status_of(taxii.post(indicator(1), indicator(2, marking=Marking.AMBER)))
    assert taxii.ids(account="green") == [ONE]


def test_a_page_is_bounded_in_bytes(taxii: Server) -> None:
    """Objects of 3 MB: a page ends before 16 MB and one object, and says that there is more."""
    for number in range(8):
        status_of(taxii.post(indicator(number, x_filling="x" * 3_000_000)))
    answer = taxii.match("limit=100").json()
    assert (len(answer["objects"]), answer["more"]) == (6, True)
    rest = taxii.match(f"limit=100&next={answer['next']}").json()
    assert (len(rest["objects"]), rest["more"]) == (2, False)
