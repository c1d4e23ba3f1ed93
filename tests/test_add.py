"""``consilience add`` as a user meets it: what is taken, skipped and rejected, and that wrong input stops nothing."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Ran, shared

Run = Callable[..., Ran]

GOOD = "# Reference: https://example.org/2024/03/05/report\n\nevil.example.net\n203.0.113.7\n"


def bundle(*objects: dict[str, object]) -> bytes:
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}).encode()


MALWARE = {
    "type": "malware",
    "spec_version": "2.1",
    "id": "malware--8c6af861-7b20-41ef-9b59-6344fd872a8f",
    "created": "2022-01-01T00:00:00.000Z",
    "modified": "2022-01-01T00:00:00.000Z",
    "name": "ZeroCleare",
    "is_family": True,
}

WRONG = {
    "empty.txt": (b"", "empty"),
    "truncated.json": (bundle(MALWARE)[:-30], "JSON"),
    "stix-1.xml": (b'<?xml version="1.0"?><stix:STIX_Package xmlns:stix="http://stix.mitre.org/stix-1"/>', "STIX 1"),
    "stix-2.0.json": (
        json.dumps({"type": "bundle", "id": "bundle--1", "spec_version": "2.0", "objects": []}).encode(),
        "2.0",
    ),
    "no-event.json": (b'{"response": []}', "Event"),
    "deep.json": (b'{"type": "bundle", "objects": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
    "archive.zip": (b"PK\x03\x04" + bytes(100), "unpack"),
    "archive.xz": (b"\xfd7zXZ\x00" + bytes(100), "unpack"),
    "not-a.pdf": (b"%PDF-1.7\nnothing of it is true", "PDF"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_file_is_named_with_its_reason_and_the_rest_goes_on(name: str, run: Run, tmp_path: Path) -> None:
    data, reason = WRONG[name]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(data)
    (folder / "good.txt").write_text(GOOD)
    ran = run("add", folder, "--json")
    rows = {Path(row["file"]).name: row for row in ran.json["rows"]}
    assert ran.code == 6
    assert rows["good.txt"]["outcome"] == "taken"
    assert rows["good.txt"]["observations"] == 2
    assert rows[name]["outcome"] == "rejected"
    assert reason.casefold() in rows[name]["reason"].casefold(), rows[name]["reason"]


def test_a_link_out_of_the_folder_is_not_followed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret.example.net\n")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    ran = run("add", folder, "--json")
    assert ran.code == 1
    assert [row["reason"] for row in ran.json["rows"]] == [
        "cannot be read: No such file or directory",
        "is a symbolic link out of its folder",
    ]


def test_the_same_bytes_twice_add_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(GOOD)
    (tmp_path / "copy.txt").write_text(GOOD)
    first = run("add", tmp_path / "list.txt", tmp_path / "copy.txt", "--json")
    assert [row["outcome"] for row in first.json["rows"]] == ["taken", "skipped"]
    second = run("add", tmp_path / "list.txt", "--json")
    assert (second.code, second.json["rows"][0]["reason"]) == (0, "already in the workspace")
    counted = run("query", "SELECT count(*) AS n FROM observation", "--json")
    assert counted.json["rows"] == [[2]]
    with_source = run("add", tmp_path / "list.txt", "--source", "eset", "--json")
    assert with_source.json["rows"][0]["outcome"] == "taken"
    assert run("query", "SELECT DISTINCT source FROM observation", "--json").json["rows"] == [["eset"]]


def test_dry_run_keeps_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(GOOD)
    assert run("add", "--dry-run", tmp_path / "list.txt", "--json").json["rows"][0]["observations"] == 2
    assert run("query", "SELECT * FROM document", "--json").code == 3


def test_a_line_longer_than_the_limit_costs_the_line_only(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(GOOD + "a" * 300_000 + "\nafter.example.net\n")
    row = run("add", tmp_path / "list.txt", "--json").json["rows"][0]
    assert (row["outcome"], row["observations"]) == ("taken", 3)
    assert [issue["place"] for issue in row["issues"] if issue["lost"]] == ["line 5"]


def test_duplicate_ids_in_a_bundle_are_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "twice.json").write_bytes(bundle(MALWARE, {**MALWARE, "name": "Another"}))
    row = run("add", tmp_path / "twice.json", "--json").json["rows"][0]
    assert row["outcome"] == "taken"
    assert any("/objects/1" in issue["place"] for issue in row["issues"])


def test_the_table_for_people_says_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(GOOD + "999.1.1.1\n")
    (tmp_path / "empty.txt").write_bytes(b"")
    ran = run("add", tmp_path / "list.txt", tmp_path / "empty.txt")
    assert "1 taken, 0 skipped, 1 rejected" in ran.out
    assert "line 5" in ran.out
    assert "Traceback" not in ran.err


def test_no_file_is_an_error_with_its_name(run: Run, tmp_path: Path) -> None:
    ran = run("add", tmp_path / "absent.txt")
    assert ran.code == 1
    assert "absent.txt" in ran.out


@pytest.mark.slow
def test_real_misp_events_are_all_taken(run: Run, tmp_path: Path) -> None:
    with tarfile.open(shared("misp", "eset-misp-events.tar.xz")) as archive:
        archive.extractall(tmp_path / "misp", filter="data")
    ran = run("add", tmp_path / "misp", "--json")
    assert ran.code == 0
    assert [row["format"] for row in ran.json["rows"]] == ["misp"] * 14
    assert sum(row["observations"] for row in ran.json["rows"]) > 500


def test_names_that_are_not_utf8_and_links_in_a_circle_stop_nothing(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.txt").write_text(GOOD)
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.txt")).write_text(GOOD + "more.example.net\n")
    (folder / "circle").symlink_to(folder / "circle")
    ran = run("add", folder, "--json")
    assert ran.code == 6
    assert sorted(row["outcome"] for row in ran.json["rows"]) == ["rejected", "taken", "taken"]


def test_a_workspace_that_cannot_be_written_can_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(GOOD)
    run("add", tmp_path / "list.txt")
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "workspace").chmod(0o500)
    assert run("query", "SELECT count(*) FROM observation", "--json").json["rows"] == [[2]]
    assert run("add", tmp_path / "list.txt").code == 1
