"""What came from a collection, as files: bundles to the byte, and the signed packages in them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from consilience.app.adding import Adder, Input, Told
from consilience.app.received_files import write_received
from consilience.app.settings import Settings, settings
from consilience.errors import StoreError
from consilience.exchange.envelope_artifact import with_envelope
from consilience.exchange.stix_export import bundle
from consilience.store.workspace import open_workspace
from shared_cases import ALBANIA, gathered_case

HERE = "https://taxii.example/centre/collections/albania/"
ELSEWHERE = "https://taxii.example/centre/collections/other/"
ENVELOPE = b'{"payload":"e30=","payloadType":"application/vnd.example","signatures":[]}\n'


def held(folder: Path, **bundles: tuple[bytes, str]) -> Settings:
    """A workspace with bundles that came from an address each."""
    where = settings(folder / "workspace")
    with open_workspace(where.workspace) as store:
        for name, (data, url) in bundles.items():
            path = folder / f"{name}.json"
            path.write_bytes(data)
            (row,) = Adder(store, where).add([Input(path, folder, Told(source="taxii:taxii.example", url=url))]).rows
            assert row.objects
    return where


def named(data: bytes, suffix: str) -> str:
    return f"{sha256(data).hexdigest()[:16]}{suffix}"


@pytest.fixture(scope="module")
def assessment() -> bytes:
    return bundle(gathered_case(ALBANIA).assessment)


def test_bundles_of_the_collection_and_the_packages_in_them(assessment: bytes, tmp_path: Path) -> None:
    carrying = with_envelope(assessment, ENVELOPE)
    where = held(tmp_path, carrying=(carrying, HERE), plain=(assessment, ELSEWHERE))
    out = tmp_path / "out"
    files = write_received(where, [HERE], out)
    assert {path.name: path.read_bytes() for path in files} == {
        named(carrying, ".stix.json"): carrying,
        named(ENVELOPE, ".dsse.json"): ENVELOPE,
    }
    assert sorted(out.iterdir()) == sorted(files)
    assert write_received(where, [HERE], out) == files
    assert write_received(where, [], out) == ()
    assert len(write_received(where, [HERE, ELSEWHERE], out)) == 3


def test_an_artifact_that_contradicts_itself_is_in_its_bundle_alone(assessment: bytes, tmp_path: Path) -> None:
    content = json.loads(with_envelope(assessment, ENVELOPE))
    for each in content["objects"]:
        if each["type"] == "artifact":
            each["hashes"]["SHA-256"] = "0" * 64
    broken = json.dumps(content).encode()
    where = held(tmp_path, broken=(broken, HERE))
    assert [path.name for path in write_received(where, [HERE], tmp_path / "out")] == [named(broken, ".stix.json")]


def test_a_folder_that_cannot_be_is_an_error(assessment: bytes, tmp_path: Path) -> None:
    where = held(tmp_path, plain=(assessment, HERE))
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        write_received(where, [HERE], tmp_path / "file" / "out")
