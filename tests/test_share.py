"""``consilience share`` from end to end: two centres, keys, the gate, and the audit log."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import ROOT
from consilience.app import sharing
from consilience.app.comparing import compare_files
from consilience.app.settings import Settings
from consilience.app.sharing import EXPORTERS, share_case
from consilience.app.verifying import State, verify_file
from consilience.cli.output import Console
from consilience.cli.share import PARTS, SUFFIXES
from consilience.cli.share import share as share_command
from consilience.errors import FormatError, InputError, MarkingError, StoreError, UnknownNameError
from consilience.exchange.recipient import Part
from consilience.exchange.stix_export import bundle
from consilience.exchange.stix_extension import Centre
from shared_cases import ALBANIA, HERE, THERE, audit_entries, gathered_case, two_centres

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CASE = ROOT / "cases" / ALBANIA


@pytest.fixture
def two(tmp_path: Path) -> tuple[Settings, Settings]:
    return two_centres(tmp_path)


def test_what_one_centre_shares_another_verifies(two: tuple[Settings, Settings], tmp_path: Path) -> None:
    here, there = two
    out = tmp_path / "out" / "albania.dsse.json"
    sent = share_case(here, CASE, "cert there", out, NOW, author="ada", purpose="joint assessment")
    found = verify_file(there, out, NOW)
    states = {check.point: check.state for check in found.checks}
    assert found.is_sound
    assert {states[point] for point in ("signature", "author", "recipient", "assessment")} == {State.PROVEN}
    assert (found.package.author_name, found.package.note.purpose) == ("CERT Here", "joint assessment")
    assert found.sha256 == sent.sha256


def test_the_release_is_in_the_audit_log_by_digest_and_recipient(
    two: tuple[Settings, Settings], tmp_path: Path
) -> None:
    here, _ = two
    sent = share_case(here, CASE, THERE, tmp_path / "a.json", NOW, author="ada")
    last = audit_entries(here)[-1]
    assert (last["action"], last["author"], last["partner"]) == ("released", "ada", THERE)
    assert [(each["kind"], each["id"]) for each in last["things"]] == [("assessment", sent.sha256)]


def test_what_cannot_be_entered_in_the_log_does_not_leave(
    two: tuple[Settings, Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(sharing, "record_event", full)
    out = tmp_path / "out" / "a.json"
    with pytest.raises(StoreError, match="the disk is full"):
        share_case(two[0], CASE, "CERT There", out, NOW, author="ada")
    assert list(out.parent.iterdir()) == []


def case_copy(folder: Path, file: str, old: str, new: str) -> Path:
    """Return a copy of the case in which one file says something else."""
    copy = folder / ALBANIA
    shutil.copytree(CASE, copy, ignore=shutil.ignore_patterns("assessment"))
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), "utf-8")
    return copy


@pytest.mark.parametrize("form", list(EXPORTERS))
def test_every_form_is_written_whole(form: str, two: tuple[Settings, Settings], tmp_path: Path) -> None:
    out = tmp_path / f"case{SUFFIXES[form]}"
    sent = share_case(two[0], CASE, "CERT There", out, NOW, author="ada", form=form, without=(Part.QUOTES,))
    assert out.stat().st_size == sent.size
    assert bool(sent.signed_by) is (form in ("package", "stix-package"))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


def test_the_command_offers_what_there_is() -> None:
    assert tuple(SUFFIXES) == tuple(EXPORTERS)
    assert tuple(each.value for each in Part) == PARTS


def test_an_answer_to_a_partners_stix_is_a_review_by_this_centre(
    two: tuple[Settings, Settings], tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.stix.json"
    theirs.write_bytes(bundle(gathered_case(ALBANIA).assessment, author=Centre(THERE, "CERT There")))
    out = tmp_path / "review.json"
    share_case(two[0], CASE, "CERT There", out, NOW, author="ada", answer=theirs)
    opinions = [each for each in json.loads(out.read_bytes())["objects"] if each["type"] == "opinion"]
    assert {each["created_by_ref"] for each in opinions} == {HERE}
    assert {each["opinion"] for each in opinions} == {"strongly-agree"}


def test_a_package_in_stix_is_the_package(two: tuple[Settings, Settings], tmp_path: Path) -> None:
    here, there = two
    plain, carried = tmp_path / "a.dsse.json", tmp_path / "a.stix.json"
    alone = share_case(here, CASE, "CERT There", plain, NOW, author="ada")
    sent = share_case(here, CASE, "CERT There", carried, NOW, author="ada", form="stix-package")
    assert alone.package_sha256 == alone.sha256 == sent.package_sha256 == verify_file(there, carried, NOW).sha256
    assert verify_file(there, carried, NOW).checks == verify_file(there, plain, NOW).checks
    assert compare_files(plain, carried).combined is not None
    assert [(each["kind"], each["id"]) for each in audit_entries(here)[-1]["things"]] == [
        ("assessment", sent.sha256),
        ("package", alone.sha256),
    ]


def test_a_bundle_with_no_or_two_packages_is_not_guessed_at(two: tuple[Settings, Settings], tmp_path: Path) -> None:
    here, there = two
    bundles = []
    for name, form, parts in (("a", "stix-package", ()), ("b", "stix-package", (Part.QUOTES,)), ("c", "stix", ())):
        file = tmp_path / f"{name}.json"
        share_case(here, CASE, "CERT There", file, NOW, author="ada", form=form, without=parts)
        bundles.append(json.loads(file.read_bytes()))
    both = tmp_path / "both.json"
    both.write_text(json.dumps({**bundles[0], "objects": bundles[0]["objects"] + bundles[1]["objects"]}), "utf-8")
    with pytest.raises(InputError, match=r"holds 2 signed packages \(artifact--"):
        verify_file(there, both, NOW)
    with pytest.raises(FormatError, match="a STIX bundle without a signed package"):
        verify_file(there, tmp_path / "c.json", NOW)
    (artifact,) = [each for each in bundles[0]["objects"] if each["type"] == "artifact"]
    artifact["hashes"]["SHA-256"] = "0" * 64
    both.write_text(json.dumps(bundles[0]), "utf-8")
    with pytest.raises(FormatError, match="not what its SHA-256 says"):
        verify_file(there, both, NOW)


def test_who_has_no_trust_file_gets_nothing(two: tuple[Settings, Settings], tmp_path: Path) -> None:
    with pytest.raises(
        UnknownNameError, match="no trust file is of 'CERT Nowhere'; there are files of CERT Here, CERT"
    ):
        share_case(two[0], CASE, "CERT Nowhere", tmp_path / "a.json", NOW, author="ada")


def test_a_centre_without_a_key_sends_nothing(two: tuple[Settings, Settings], tmp_path: Path) -> None:
    for path in (two[0].workspace / "keys").iterdir():
        path.unlink()
    with pytest.raises(StoreError, match="no key of this centre"):
        share_case(two[0], CASE, "CERT There", tmp_path / "a.json", NOW, author="ada")
    assert not (tmp_path / "a.json").exists()


def test_a_case_above_the_ceiling_is_refused_before_anything_is_written(
    two: tuple[Settings, Settings], tmp_path: Path
) -> None:
    folder = case_copy(tmp_path, "case.yaml", "marking: TLP:CLEAR", "marking: TLP:AMBER")
    before = audit_entries(two[0])
    with pytest.raises(MarkingError, match="the case is marked TLP:AMBER, and CERT There gets TLP:GREEN at most"):
        share_case(two[0], folder, "CERT There", tmp_path / "a.json", NOW, author="ada")
    assert audit_entries(two[0]) == before
    assert not (tmp_path / "a.json").exists()


def test_the_command_shows_what_the_partner_reads_and_what_stays_at_home(
    two: tuple[Settings, Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "180")
    out = tmp_path / "a.dsse.json"
    folder = case_copy(tmp_path, "documents/2022-08-04-mandiant.en.txt", "Language: en", "Language: en\nTLP: AMBER")
    arguments = [str(folder), "--to", "CERT There", "--out", str(out), "--author", "ada"]
    assert share_command.main(arguments, obj=Console(two[0], False), standalone_mode=False) == 0
    said = capsys.readouterr().out
    whole = gathered_case(ALBANIA).material
    report = next(each for each in whole.documents if "mandiant" in each.name)
    kept = [each for each in whole.statements if each.place.document != report.sha256]
    assert f"for CERT There, up to TLP:GREEN: {len(kept)} statements from {len(whole.documents) - 1} documents" in said
    assert "stays at home (this list does too):" in said
    assert "2022-08-04-mandiant.en.txt" in said
    assert "here, with what stays at home:" in said
    assert "signed by key" in said
    sent = out.read_text("utf-8")
    assert "mandiant" not in sent.lower()


def test_the_command_gives_all_of_it_as_json(
    two: tuple[Settings, Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(CASE), "--to", "CERT There", "--out", str(tmp_path / "a.json"), "--format", "stix", "--reasons"]
    assert share_command.main(arguments, obj=Console(two[0], True), standalone_mode=False) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["format"], said["signed_by"]) == ("consilience-share/1", "stix", "")
    assert said["released"]["statements"] == len(gathered_case(ALBANIA).material.statements)
    assert said["withheld"] == []
