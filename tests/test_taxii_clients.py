"""Clients and tools that others wrote, against a real server: taxii2-client, and schemathesis over our OpenAPI text."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from requests.exceptions import HTTPError
from taxii2client.v21 import Collection, as_pages
from taxii2client.v21 import Server as Discovery

from consilience.exchange.taxii.openapi import SCHEMAS, description
from consilience.exchange.taxii.server import PATHS
from consilience.model.marking import Marking
from taxii_server import ROOT, Server, fresh, indicator, password, running, sqlite_opener, status_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(sqlite_opener(tmp_path_factory.mktemp("workspace"))) as started:
        yield started


@pytest.fixture
def taxii(server: Server) -> Server:
    return fresh(server)


def collection_of(server: Server, account: str = "red") -> Collection:
    return Collection(f"{server.address}{server.path()}", user=account, password=password(account))


def test_taxii2_client_finds_its_way(taxii: Server) -> None:
    discovery = Discovery(f"{taxii.address}/taxii2/", user="red", password=password("red"))
    (root,) = discovery.api_roots
    assert (discovery.title, root.title, root.max_content_length) == ("Consilience", ROOT, 10 * 1024 * 1024)
    assert taxii.collections["main"] in [each.id for each in root.collections]


def test_taxii2_client_adds_and_reads(taxii: Server) -> None:
    collection = collection_of(taxii)
    objects = [indicator(number, marking=Marking.GREEN) for number in range(25)]
    status = collection.add_objects({"objects": objects})
    assert (status.status, status.success_count, status.failure_count) == ("complete", 25, 0)
    again = type(status)(
        f"{taxii.address}/{ROOT}/status/{status.id}/", user="red", password=password("red")
    )  # fmt: skip
    assert again.success_count == 25
    assert collection.get_objects()["objects"] == objects
    assert collection.get_object(objects[3]["id"])["objects"] == [objects[3]]
    assert [each["id"] for each in collection.get_manifest()["objects"]] == [each["id"] for each in objects]
    assert collection.object_versions(objects[3]["id"])["versions"] == [objects[3]["modified"]]
    assert collection.get_objects(type=["malware"]) == {}
    collection.delete_object(objects[3]["id"])
    assert len(collection.get_objects()["objects"]) == 24
    collection.close()


@pytest.mark.parametrize("size", [1, 7, 10, 50])
def test_taxii2_client_pages_through_everything_once(taxii: Server, size: int) -> None:
    objects = [indicator(number) for number in range(25)]
    status_of(taxii.post(*objects))
    collection = collection_of(taxii)
    for method, part in ((collection.get_objects, "objects"), (collection.get_manifest, "objects")):
        found = [each["id"] for page in as_pages(method, per_request=size) for each in page.get(part, [])]
        assert found == [each["id"] for each in objects]
    collection.close()


def test_taxii2_client_reads_our_errors(taxii: Server) -> None:
    collection = collection_of(taxii)
    with pytest.raises(HTTPError) as caught:
        collection.get_object(indicator(1)["id"])
    assert caught.value.response.status_code == 404
    assert caught.value.response.json()["title"] == "Not Found"
    collection.close()
    writer = collection_of(taxii, "writer")
    assert (writer.can_read, writer.can_write) == (False, True)
    writer.close()


def test_the_description_has_every_path_and_method_of_the_server() -> None:
    described = {
        path.rstrip("/"): {method.upper() for method in item if method != "parameters"}
        for path, item in description()["paths"].items()
    }
    assert described == {path: set(actions) for path, actions in PATHS.items()}


def test_answers_are_as_described(taxii: Server) -> None:
    status_of(taxii.post(indicator(1), indicator(2)))
    answers = {
        "discovery": "/taxii2/",
        "api-root": f"/{ROOT}/",
        "collections": f"/{ROOT}/collections/",
        "collection": taxii.path(),
        "manifest": taxii.path("manifest"),
        "envelope": taxii.path("objects") + "?limit=1",
        "versions": taxii.path("objects", indicator(1)["id"], "versions"),
        "error": "/nowhere/",
    }
    for name, path in answers.items():
        schema = {**SCHEMAS[name], "components": {"schemas": SCHEMAS}}  # type: ignore[dict-item]
        validator = jsonschema_rs.validator_for(schema)
        answer = taxii.client().get(path).json()
        assert list(validator.iter_errors(answer)) == []
        assert not validator.is_valid([])


@pytest.mark.slow
def test_schemathesis_finds_no_fault(server: Server, tmp_path: Path) -> None:
    """Generated requests, valid and not, for 12 seconds, under every check of schemathesis but two.

    Left out: ``negative_data_rejection`` (an object that is not valid fails alone, 4.3.1, and a server may ignore
    parameters that it does not know, 3.4) and ``positive_data_acceptance`` (that 30 February is no date, and what a
    cursor is good for, is more than a schema can say).
    """
    program = Path(sys.executable).with_name("st")
    if not program.exists():
        pytest.skip("needs schemathesis, which is not installed here")
    shelf = fresh(server)
    status = status_of(shelf.post(*(indicator(number) for number in range(30))))
    known = {
        "root": [ROOT],
        "collection": [shelf.collections["main"], shelf.collections["other"], "nothing"],
        "object": [indicator(3)["id"], indicator(4)["id"], indicator(99)["id"], "nothing"],
        "status": [status["id"], "nothing"],
    }
    text = description(shelf.address)
    for item in text["paths"].values():
        for parameter in item.get("parameters", []):
            parameter["schema"] = {"enum": known[parameter["name"]]}
    credentials = base64.b64encode(f"red:{password('red')}".encode()).decode()
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(text))
    del server.events[:]
    ran = subprocess.run(
        [
            program, "run", described, "-u", shelf.address, "-H", f"Authorization: Basic {credentials}",
            "--exclude-checks", "negative_data_rejection,positive_data_acceptance", "--phases", "coverage,fuzzing",
            "--max-time", "12", "-n", "60", "--seed", "1", "--no-color", "--suppress-health-check", "all",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120, env={**os.environ, "NO_PROXY": "*"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    statuses = Counter(event.status for event in server.events)
    assert {200, 202, 400, 401, 404, 405} <= statuses.keys(), statuses  # it came to the endpoints, and past them
    assert max(statuses) < 500
    assert statuses[200] > 30
