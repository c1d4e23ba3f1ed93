"""``pull`` and ``push`` as commands: remotes, secrets, certificates, exit codes; and against this program's server."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Ran
from consilience.app.pulling import pull
from consilience.app.settings import Settings
from consilience.app.sharing import share_case
from consilience.app.trusting import add_partner, new_own_key
from consilience.errors import FormatError, InputError, UnknownNameError
from consilience.exchange.envelope_artifact import MIME_TYPE
from consilience.exchange.taxii_client.connection import Access
from consilience.exchange.taxii_client.remotes import Remote, access_to, find_remote, read_remotes
from consilience.exchange.trust import Partner, TrustedKey
from consilience.model.marking import Marking
from consilience.store.workspace import open_workspace
from faulty_taxii_peers import Peer, encoded, serving
from shared_cases import ALBANIA
from taxii_server import ROOT as API_ROOT
from taxii_server import Server, fresh, furnish, indicator, password, process, running, sqlite_opener, status_of

COMMAND = """
import sys
from importlib import import_module
from pathlib import Path
from consilience.app.settings import settings
from consilience.cli.output import Console, say_error
from consilience.errors import ConsilienceError
import click
name, workspace, *arguments = sys.argv[1:]
command = getattr(import_module("consilience.cli." + name), name)
try:
    code = command(arguments, obj=Console(settings(Path(workspace)), False), standalone_mode=False)
except ConsilienceError as error:
    code = say_error(error, as_json=False)
except click.ClickException as error:
    error.show()
    code = 2
sys.exit(code)
"""
Call = Callable[..., Ran]
MADE = datetime(2026, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def call(workspace: Path) -> Call:
    def run(name: str, *arguments: str | Path, **environment: str) -> Ran:
        command = [sys.executable, "-c", COMMAND, name, str(workspace), *map(str, arguments)]
        return Ran(
            subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=120,
                env={**os.environ, "COLUMNS": "160", **environment},
            )
        )  # fmt: skip

    return run


def remotes(workspace: Path, text: str) -> Path:
    path = workspace / "remotes.toml"
    path.write_text('schema = "consilience-remotes/1"\n' + text)
    return path


def secret(workspace: Path, text: str, mode: int = 0o600) -> Path:
    path = workspace / "cert-b.secret"
    path.write_text(text + "\n")
    path.chmod(mode)
    return path


# Remotes and secrets.


def test_a_remote_is_read_with_its_secret(workspace: Path) -> None:
    remotes(
        workspace, '[[remote]]\nname="cert-b"\nurl="https://b.example/taxii2/"\naccount="a"\nsecret="cert-b.secret"\n'
    )
    secret(workspace, "s3cret")
    remote = find_remote(workspace, "cert-b")
    assert access_to(remote, workspace, {}) == Access(url="https://b.example/taxii2/", account="a", secret="s3cret")
    from_environment = access_to(remote, workspace, {"CONSILIENCE_TAXII_SECRET_CERT_B": "other"})
    assert from_environment.secret == "other"
    assert "s3cret" not in repr(access_to(remote, workspace, {}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[[remote]]\nname="a"\n', "url"),
        ('[[remote]]\nname="a b"\nurl="https://a.example/"\n', "is taken, or not made of"),
        ('[[remote]]\nname="a"\nurl="x"\n[[remote]]\nname="a"\nurl="y"\n', "is taken"),
        ('[[remote]]\nname="a"\nurl="x"\npassword="p"\n', "password"),
        ('[[remote]]\nname="a"\nurl=5\n', "str"),
        ("[[remote", "no list of remotes"),
    ],
)
def test_a_fault_in_the_file_is_named(workspace: Path, text: str, reason: str) -> None:
    path = remotes(workspace, text)
    with pytest.raises(FormatError, match=reason) as caught:
        read_remotes(workspace)
    assert caught.value.file == str(path)


def test_an_unknown_name_tells_the_known_ones(workspace: Path) -> None:
    with pytest.raises(UnknownNameError, match="no remote 'cert-b'; it has none"):
        find_remote(workspace, "cert-b")
    assert find_remote(workspace, "https://a.example/") == Remote(url="https://a.example/")


@pytest.mark.parametrize(
    ("remote", "mode", "text", "reason"),
    [
        (Remote(url="https://a.example/", account="a"), 0o600, "x", "set CONSILIENCE_TAXII_SECRET"),
        (Remote(url="https://a.example/", account="a", secret="none"), 0o600, "x", "No such file"),
        (Remote(url="https://a.example/", secret="cert-b.secret"), 0o640, "x", "others can read the secret"),
        (Remote(url="https://a.example/", secret="cert-b.secret"), 0o600, "a\r\nX-Header: b", "cannot be sent"),
        (Remote(url="https://a.example/", secret="cert-b.secret"), 0o600, "x" * 5_000, "too long"),
        (Remote(url="http://a.example/", secret="cert-b.secret"), 0o600, "x", "not encrypted"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused(
    workspace: Path, remote: Remote, mode: int, text: str, reason: str
) -> None:
    secret(workspace, text, mode)
    with pytest.raises(InputError, match=reason):
        access_to(remote, workspace, {})


@pytest.mark.parametrize(("account", "header"), [("ada", "Basic YWRhOnMzY3JldA=="), ("", "Bearer s3cret")])
def test_the_secret_is_sent_and_stands_nowhere_else(workspace: Path, call: Call, account: str, header: str) -> None:
    seen = set()

    class Watches(Peer):
        def answer(self, method: str, path: str, query: Any, headers: dict[str, str], body: bytes) -> Any:
            seen.add(headers.get("authorization"))
            return super().answer(method, path, query, headers, body)

    with serving(Watches([indicator(1)])) as peer:
        remotes(workspace, f'[[remote]]\nname="b"\nurl="{peer.url}"\naccount="{account}"\nsecret="cert-b.secret"\n')
        secret(workspace, "s3cret")
        ran = call("pull", "b", "--json")
    assert (ran.code, seen) == (0, {header})
    written = [path.read_bytes() for path in workspace.rglob("*") if path.is_file() and path.name != "cert-b.secret"]
    assert not [each for each in [*written, ran.out.encode(), ran.err.encode()] if b"s3cret" in each]


# The commands.


@pytest.mark.slow
def test_pull_prints_what_came_and_what_did_not(call: Call) -> None:
    with serving(Peer([indicator(1), {"type": "indicator"}, indicator(2)])) as peer:
        ran = call("pull", peer.url)
        again = call("pull", peer.url, "--json")
    assert ran.code == 6
    assert "Feed" in ran.out
    assert "not taken: Feed: sha256:" in ran.out
    assert again.code == 0
    (found,) = again.json["collections"]
    assert (again.json["schema"], found["new"], found["is_complete"]) == ("consilience-pull/1", 0, True)


@pytest.mark.slow
def test_what_came_can_be_written_to_a_folder_with_the_packages_in_it(call: Call, tmp_path: Path) -> None:
    envelope = b'{"payloadType":"x","payload":"","signatures":[]}'
    carrier = {
        "type": "artifact",
        "spec_version": "2.1",
        "id": "artifact--aaaaaaaa-0000-4000-8000-000000000001",
        "mime_type": MIME_TYPE,
        "payload_bin": base64.b64encode(envelope).decode(),
        "hashes": {"SHA-256": hashlib.sha256(envelope).hexdigest()},
    }
    objects = [indicator(1, marking=Marking.GREEN), carrier, indicator(2)]
    out = tmp_path / "inbox"
    with serving(Peer(objects)) as peer:
        first = call("pull", peer.url, "--out", out)
        again = call("pull", peer.url, "--out", out, "--json")
    (package,) = out.glob("*.dsse.json")
    bundles = [path.read_bytes() for path in out.glob("*.stix.json")]
    assert package.read_bytes() == envelope
    assert all(any(encoded(each) in bundle for bundle in bundles) for each in objects)
    assert f"  → {package}" in first.out
    assert sorted(again.json["files"]) == sorted(map(str, out.iterdir()))


@pytest.mark.slow
def test_exit_codes(call: Call) -> None:
    with serving(Peer([])) as peer:
        assert call("pull", peer.url).code == 0
        assert call("pull", peer.url, "--collection", "none").code == 3
        url = peer.url
    refused = call("pull", "http://taxii.example/taxii2/")
    assert (refused.code, "not encrypted" in refused.err) == (1, True)
    assert call("pull").code == 2
    assert call("pull", "nobody").code == 3
    assert call("pull", url.replace("http://", "http://ada:pw@")).code == 1


@pytest.mark.parametrize("name", ["pull", "push"])
def test_help_has_an_example(call: Call, name: str) -> None:
    ran = call(name, "--help")
    assert f"Example: consilience {name} " in ran.out
    assert "--json" in ran.out


# Against this program's own server, and two centres.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(sqlite_opener(tmp_path_factory.mktemp("server"))) as started:
        yield started


@pytest.mark.parametrize("page", [7, 100])
def test_this_client_reads_this_server(server: Server, workspace: Path, cache: Path, page: int) -> None:
    shelf = fresh(server)
    objects = [indicator(number, marking=Marking.GREEN) for number in range(230)]
    for start in range(0, len(objects), 115):
        status_of(shelf.post(*objects[start : start + 115]))
    where = Settings(workspace=workspace, cache=cache)
    url = f"{shelf.address}/taxii2/"
    told = Remote(url=url, source="centre-server")
    access = Access(url=url, account="red", secret=password("red"))
    for new in (230, 0):
        (found,) = pull(where, told, access, (shelf.collections["main"],), page=page).collections
        assert (found.new, found.is_complete, found.notes, found.error) == (new, True, (), "")
    with open_workspace(workspace) as store:
        assert len(store.observations()) == 230
        assert "centre-server" in {each.source for each in store.documents()}


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "tls.pem", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.mark.slow
def test_a_certificate_is_checked_against_the_file_that_is_given(tmp_path: Path, workspace: Path, call: Call) -> None:
    certificate, key = make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = make_certificate(tmp_path / "other")
    with running(sqlite_opener(tmp_path / "server"), ssl_certfile=str(certificate), ssl_keyfile=str(key)) as server:
        secret(workspace, password("red"))
        told = ["pull", f"{server.address}/taxii2/", "--account", "red", "--secret-file", workspace / "cert-b.secret"]
        assert call(*told, "--ca", certificate).code == 0
        for wrong in ([], ["--ca", other]):
            ran = call(*told, *wrong)
            assert (ran.code, "certificate is not trusted" in ran.err) == (1, True)
    assert "holds no certificates" in call(*told, "--ca", key).err


@pytest.mark.slow
def test_one_centre_shares_and_pushes_and_another_pulls(
    tmp_path: Path, workspace: Path, cache: Path, call: Call
) -> None:
    """Share the Albania case as STIX, push it to the partner's server, a process; both pull from it."""
    here, there = Settings(workspace=workspace, cache=cache), Settings(workspace=tmp_path / "there", cache=cache)
    made = [(here, "CERT Here"), (there, "CERT There")]
    ours, theirs = (new_own_key(where, name, "", "ada", MADE, b"") for where, name in made)
    keys = tuple(TrustedKey(public=each.public) for each in theirs.keys)
    add_partner(here, Partner(identity=theirs.identity, name=theirs.name, keys=keys, ceiling=Marking.GREEN), "ada")
    out = tmp_path / "albania.stix.json"
    share_case(here, ROOT / "cases" / ALBANIA, "CERT There", out, NOW, author="ada", form="stix")
    listed = furnish(sqlite_opener(there.workspace))
    with process(there.workspace) as (_, address):
        remotes(
            workspace,
            f'[[remote]]\nname="b"\nurl="{address}/{API_ROOT}/"\naccount="green"\npartner="CERT There"\n'
            f'collections=["{listed.collections["main"]}"]\n',
        )
        secrets = {"CONSILIENCE_TAXII_SECRET_B": password("green")}
        for _ in range(2):
            ran = call("push", out, "b", "--json", **secrets)
            assert (ran.code, {each["fate"] for each in ran.json["given"]}) == (0, {"added"})
        (back,) = call("pull", "b", "--json", **secrets).json["collections"]
        access = Access(url=f"{address}/{API_ROOT}/", account="green", secret=password("green"))
        (came,) = pull(there, Remote(url=access.url), access, (listed.collections["main"],)).collections
    objects = json.loads(out.read_bytes())["objects"]
    of_ours = sum(ours.identity in (each.get("created_by_ref"), each["id"]) for each in objects)
    assert ran.json["objects"] == came.new == len(objects)
    assert (back["ours"], back["refused"], came.ours) == (of_ours, [], 0)
    with open_workspace(there.workspace) as store:
        said = [each for each in store.statements() if each.predicate == "attributed-to"]
        assert {(store.sources()[each.source].name, each.via) for each in said} == {("CERT Here", "taxii:127.0.0.1")}
    with open_workspace(here.workspace) as store:  # what came back is no evidence of ours
        assert not [each for each in store.statements() if each.via.startswith("taxii:")]
