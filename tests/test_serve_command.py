"""``consilience serve account|collection``: who may do what, said on the command line and obeyed by the server."""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from conftest import shared
from consilience.app.settings import Settings
from consilience.cli.output import Console
from consilience.cli.serve import serve
from consilience.errors import ConsilienceError, FormatError, InputError, UnknownNameError
from consilience.model.marking import Marking
from taxii_server import TAXII, indicator, process

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Run the command in this process on a workspace under ``tmp_path``."""
    where = Settings(workspace=tmp_path / "workspace", cache=tmp_path)

    def run(*arguments: str | Path, asked: str = "") -> Result:
        result = CliRunner().invoke(
            serve,
            [str(each) for each in arguments],
            obj=Console(where, as_json=False),
            input=asked,
            standalone_mode=False,
        )
        if result.exception is not None:
            raise result.exception
        return result

    return run


def printed(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def bundle(folder: Path, *objects: dict[str, Any]) -> Path:
    path = folder / "bundle.json"
    text = {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": list(objects)}
    path.write_text(json.dumps(text))
    return path


def test_from_an_empty_folder_to_a_partner_who_reads(call: Call, tmp_path: Path) -> None:
    made = printed(call("collection", "add", "centre", "Albania 2022", "--alias", "albania", "--json"))
    call("account", "add", "cert-al", "--ceiling", "TLP:GREEN")
    call("account", "allow", "cert-al", "centre/albania", "--read")
    token = printed(call("account", "token", "cert-al", "--label", "opencti", "--json"))["token"]
    path = bundle(tmp_path, indicator(1), indicator(2, marking=Marking.RED))
    assert "added: 2" in call("collection", "load", "centre/albania", path).output
    with process(tmp_path / "workspace") as (_, address):
        response = httpx.get(
            f"{address}/centre/collections/{made['id']}/objects/",
            headers={"Accept": TAXII, "Authorization": f"Bearer {token}"},
            trust_env=False,
        )
        assert [each["id"] for each in response.json()["objects"]] == [indicator(1)["id"]]
        digest = printed(call("account", "list", "--json"))["accounts"][0]["tokens"][0]["digest"]
        call("account", "revoke", digest)  # while the server runs
        again = httpx.get(response.url, headers=response.request.headers, trust_env=False)
        assert again.status_code == 401


def test_passwords_are_asked_for_and_not_shown(call: Call, tmp_path: Path) -> None:
    secret = "correct horse"
    result = call("account", "add", "cert-fr", "--ceiling", "tlp:amber", "--password", asked=f"{secret}\n{secret}\n")
    assert secret not in result.output
    kept = b"".join(path.read_bytes() for path in (tmp_path / "workspace").iterdir())
    assert secret.encode() not in kept
    assert b"$argon2id$" in kept
    call("account", "password", "cert-fr", asked="battery staple\nbattery staple\n")
    call("collection", "add", "centre", "Any")
    with process(tmp_path / "workspace") as (_, address):
        for word, status in ((secret, 401), ("battery staple", 200)):
            header = "Basic " + base64.b64encode(f"cert-fr:{word}".encode()).decode()
            response = httpx.get(f"{address}/taxii2/", headers={"Authorization": header}, trust_env=False)
            assert response.status_code == status


def test_lists(call: Call) -> None:
    assert call("account", "list").return_value == call("collection", "list").return_value == 3
    call("collection", "add", "centre", "Albania 2022", "--alias", "albania", "--unmarked", "TLP:AMBER")
    call("account", "add", "cert-al", "--ceiling", "TLP:GREEN")
    call("account", "allow", "cert-al", "centre/albania", "--read", "--write")
    call("account", "token", "cert-al", "--days", "3")
    text = call("account", "list").output
    assert "cert-al" in text
    assert "centre/albania" in text
    (account,) = printed(call("account", "list", "--json"))["accounts"]
    assert account["reads"] == account["writes"] == ["centre/albania"]
    assert account["tokens"][0]["expires"] > 0
    (collection,) = printed(call("collection", "list", "--json"))["collections"]
    assert (collection["root"], collection["alias"], collection["unmarked"]) == ("centre", "albania", "TLP:AMBER")
    assert "albania" in call("collection", "list").output
    call("account", "allow", "cert-al", collection["id"])
    assert printed(call("account", "list", "--json"))["accounts"][0]["reads"] == []
    call("account", "remove", "cert-al")
    assert call("account", "list").return_value == 3


def test_the_openapi_description(call: Call) -> None:
    found = printed(call("openapi"))
    assert found["openapi"] == "3.1.0"
    assert "/{root}/collections/{collection}/objects/" in found["paths"]


WRONG: list[tuple[tuple[str, ...], type[ConsilienceError]]] = [
    (("account", "token", "nobody"), UnknownNameError),
    (("account", "remove", "nobody"), UnknownNameError),
    (("account", "allow", "known", "centre/nothing", "--read"), UnknownNameError),
    (("account", "allow", "known", "albania", "--read"), UnknownNameError),  # an alias alone is not a name
    (("account", "revoke", "00"), UnknownNameError),
    (("account", "add", "known", "--ceiling", "TLP:RED"), InputError),
    (("account", "add", "No Name", "--ceiling", "TLP:RED"), InputError),
    (("collection", "add", "taxii2", "Title"), InputError),
    (("collection", "add", "centre", "Title", "--alias", "albania"), InputError),
    (("--host", "0.0.0.0"), InputError),
    (("--certificate", "nothing.pem"), InputError),
]


@pytest.mark.parametrize(("arguments", "error"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_wrong_names(call: Call, arguments: tuple[str, ...], error: type[ConsilienceError]) -> None:
    call("collection", "add", "centre", "Albania 2022", "--alias", "albania")
    call("account", "add", "known", "--ceiling", "TLP:GREEN")
    with pytest.raises(error):
        call(*arguments)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"objects":[{"id":1,"id":2}]}', '{"objects":' + "[" * 500])
def test_files_that_are_no_bundle(call: Call, tmp_path: Path, text: str) -> None:
    call("collection", "add", "centre", "Albania 2022", "--alias", "albania")
    path = tmp_path / "bundle.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"bundle\.json"):
        call("collection", "load", "centre/albania", path)


def test_loading_goes_on_behind_a_bad_object(call: Call, tmp_path: Path) -> None:
    call("collection", "add", "centre", "Albania 2022", "--alias", "albania")
    path = bundle(tmp_path, indicator(1), {"type": "malware"}, indicator(2))
    result = call("collection", "load", "centre/albania", path, "--json")
    assert printed(result)["added"] == 2
    assert len(printed(result)["failures"]) == 1
    assert result.return_value == 6


@pytest.mark.slow
def test_attack_goes_in_whole_and_comes_out_as_it_was(call: Call, tmp_path: Path) -> None:
    data = lzma.decompress(shared("attack", "enterprise-attack-18.1.json.xz").read_bytes())
    path = tmp_path / "bundle.json"
    path.write_bytes(data)
    objects = {each["id"]: each for each in json.loads(data)["objects"]}
    collection = printed(call("collection", "add", "centre", "ATT&CK", "--json"))["id"]
    call("account", "add", "reader", "--ceiling", "TLP:CLEAR")
    call("account", "allow", "reader", collection, "--read")
    token = printed(call("account", "token", "reader", "--json"))["token"]
    assert printed(call("collection", "load", collection, path, "--json")) == {
        "schema": "consilience-load/1",
        "added": len(objects),
        "failures": [],
    }
    headers = {"Accept": TAXII, "Authorization": f"Bearer {token}"}
    with process(tmp_path / "workspace") as (_, address), httpx.Client(headers=headers, trust_env=False) as client:
        cursor, found = "", {}
        while True:
            page = client.get(f"{address}/centre/collections/{collection}/objects/?limit=1000{cursor}").json()
            found |= {each["id"]: each for each in page["objects"]}
            if not page["more"]:
                break
            cursor = f"&next={page['next']}"
    assert found == objects
