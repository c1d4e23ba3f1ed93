"""``consilience attribute``: whose indicators are these, in sober words, whatever is given."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from conftest import shared
from consilience.app import known_reports
from consilience.app.adding import Told
from consilience.app.attributing import UNKNOWN_ACTOR
from consilience.app.filed_reports import DocumentReports
from consilience.app.known_reports import prepare
from consilience.app.settings import Settings
from consilience.app.use_cases import add_paths, existing_workspace
from consilience.cli.attribute import attribute
from consilience.cli.output import Console, ExitCode
from consilience.knowledge.infrastructure import SharedInfrastructure

NAMES = ("bear", "kitten", "panda")


def a_list(name: str, reports: int, *, year: int = 2024, more: str = "") -> str:
    """Return an indicator list of a group with reports of two values each."""
    lines = []
    for at in range(reports):
        day = f"{year}/{1 + at % 12:02}/{1 + at % 28:02}"
        lines += [f"# Reference: https://vendor.example/{day}/{name}-{at}", "", f"{name}-service-{at}.com"]
        lines += [f"185.{10 + len(name)}.{at}.{7 + len(name)}", ""]
    return "\n".join(lines) + "\n" + more


def fill(tmp_path: Path, lists: dict[str, str], source: str = "maltrail") -> Settings:
    folder = tmp_path / f"lists-{source}"
    folder.mkdir()
    for name, text in lists.items():
        (folder / f"apt_{name}.txt").write_text(text, encoding="utf-8")
    where = Settings(workspace=tmp_path / "workspace", cache=Path(os.environ["CONSILIENCE_CACHE"]))
    add_paths(where, [folder], Told(source=source))
    return where


@pytest.fixture
def workspace(tmp_path: Path) -> Settings:
    return fill(tmp_path, {name: a_list(name, 20) for name in NAMES})


def ask(where: Settings, *arguments: str, given: str | bytes = "", as_json: bool = True) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(
        attribute, arguments, obj=Console(where, as_json), input=given, standalone_mode=False, catch_exceptions=False
    )


def answer(where: Settings, *arguments: str, given: str | bytes = "") -> Any:
    return json.loads(ask(where, *arguments, given=given).stdout)


def probabilities(found: Any) -> dict[str, float]:
    return {each["name"]: each["probability"] for each in found["hypotheses"]}


def test_an_address_leads_to_who_used_it_and_to_the_report(workspace: Settings) -> None:
    found = answer(workspace, "185.16.19[.]13", "hxxp://kitten-service-18[.]com/")
    first = found["hypotheses"][0]
    assert first["name"] == "kitten"
    assert first["sources"] == ["maltrail"]
    shared_values = {each["value"]: each for each in first["shared"]}
    assert shared_values["185.16.19.13"]["where"][0]["report"].endswith("kitten-19")
    assert shared_values["185.16.19.13"]["where"][0]["day"] == "2024-08-20"
    assert shared_values["185.16.19.13"]["clusters"] == 1
    assert found["as_of"] == "2024-12-13"  # the day after the newest report
    assert "no-shared-trace" not in found["reasons"]
    assert found["if_planted"]["name"]


def test_an_unknown_actor_is_always_among_the_hypotheses(workspace: Settings) -> None:
    for given in ("185.16.19.13", "198.51.100.200", "nothing-like-the-others.org"):
        assert UNKNOWN_ACTOR in probabilities(answer(workspace, given))


def test_every_probability_is_written_with_its_range(workspace: Settings) -> None:
    found = answer(workspace, "185.16.19.13")
    assert all("%)" in each["likelihood"] for each in found["hypotheses"])
    text = ask(workspace, "185.16.19.13", as_json=False).stdout
    assert all(each["likelihood"].split(" (")[0] in text for each in found["hypotheses"])


SOBER = [
    ((), "", "no-indicators"),
    ((), "\n  \n", "no-indicators"),
    (("setup.py and nothing else",), "", "no-indicators"),
    (("8.8.8.8", "google.com"), "", "only-benign"),
    (("103.224.182.245",), "", "no-shared-trace"),
    ((), b"\xff\xfe\x00", "no-indicators"),
]


@pytest.mark.parametrize(("arguments", "given", "reason"), SOBER)
def test_too_little_to_go_by_gives_no_name(
    workspace: Settings, arguments: tuple[str, ...], given: str | bytes, reason: str
) -> None:
    ran = ask(workspace, *arguments, given=given)
    found = json.loads(ran.stdout)
    assert reason in found["reasons"]
    assert found["abstains"]
    assert ran.return_value == (ExitCode.DONE if found["given"]["values"] else ExitCode.NOTHING)
    spoken = ask(workspace, *arguments, given=given, as_json=False)
    assert "There is not enough to say whose these indicators are." in spoken.stdout
    assert ("almost certain" in spoken.stdout) is False  # not even of an unknown actor


def test_an_empty_workspace_has_nothing_to_compare_with(tmp_path: Path) -> None:
    where = fill(tmp_path, {"benign": "# Aliases: somebody\n"})
    ran = ask(where, "185.16.19.13")
    assert ran.return_value == ExitCode.NOTHING
    assert json.loads(ran.stdout)["reasons"] == ["no-profiles"]


def test_reports_of_the_future_are_not_seen(tmp_path: Path) -> None:
    where = fill(tmp_path, {name: a_list(name, 20, year=2099) for name in NAMES})
    found = answer(where, "185.16.19.13")
    assert found["reasons"] == ["no-profiles"]
    assert found["abstains"]


def test_a_future_report_does_not_make_the_others_old(tmp_path: Path) -> None:
    plain = fill(tmp_path, {name: a_list(name, 20) for name in NAMES})
    before = answer(plain, "185.16.19.13")
    (tmp_path / "more").mkdir()
    lists = {name: a_list(name, 20) for name in NAMES}
    poisoned = fill(tmp_path / "more", {**lists, "kitten-1": a_list("x", 1, year=2098)})
    after = answer(poisoned, "185.16.19.13")
    assert after["as_of"] == before["as_of"]
    assert probabilities(after) == probabilities(before)


def test_a_source_of_grade_f_gives_no_name(tmp_path: Path) -> None:
    graded = answer(fill(tmp_path, {name: a_list(name, 40) for name in NAMES}), "185.16.39.13", "kitten-service-38.com")
    (tmp_path / "f").mkdir()
    where = fill(tmp_path / "f", {name: a_list(name, 40) for name in NAMES}, source="nobody-knows-them")
    found = answer(where, "185.16.39.13", "kitten-service-38.com")
    assert probabilities(found) == probabilities(graded)
    assert "weak-sources" in found["reasons"]
    assert "weak-sources" not in graded["reasons"]
    assert found["abstains"]


def test_what_only_repeats_a_report_here_is_no_second_word(tmp_path: Path) -> None:
    values = [f"one-of-many-{at}.com" for at in range(10)]
    block = "# Reference: https://vendor.example/2024/05/05/the-report\n\n" + "\n".join(values) + "\n"
    where = fill(tmp_path, {**{name: a_list(name, 20) for name in NAMES}, "tiger": a_list("tiger", 5, more=block)})
    copied = answer(where, *values)
    assert "copied" in copied["reasons"]
    assert [each["cluster"] for each in copied["same"]] == ["tiger"]
    assert copied["abstains"]
    assert not any(each["shared"] for each in copied["hypotheses"])


def test_a_report_in_a_file_is_read_and_not_added(workspace: Settings, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("The implant spoke to kitten-service-18[.]com and to 185.16.19[.]13 over HTTPS.\n", "utf-8")
    before = sorted(path.name for path in workspace.workspace.rglob("*.parquet"))
    found = answer(workspace, str(report))
    assert found["hypotheses"][0]["name"] == "kitten"
    assert sorted(path.name for path in workspace.workspace.rglob("*.parquet")) == before


def test_a_second_source_that_says_the_same_of_the_same_cluster_changes_nothing(tmp_path: Path) -> None:
    where = fill(tmp_path, {name: a_list(name, 20) for name in NAMES})
    before = answer(where, "185.16.19.13")
    shutil.copytree(tmp_path / "lists-maltrail", tmp_path / "again")
    for path in (tmp_path / "again").iterdir():
        path.write_text(path.read_text("utf-8") + "# end\n", "utf-8")  # other bytes, the same words
    add_paths(where, [tmp_path / "again"], Told(source="nobody-knows-them"))
    assert probabilities(answer(where, "185.16.19.13")) == probabilities(before)


def test_the_cache_follows_the_workspace(workspace: Settings, tmp_path: Path) -> None:
    workspace = Settings(workspace=workspace.workspace, cache=tmp_path / "cache")
    question = "tiger-service-1.com"
    assert "tiger" not in probabilities(answer(workspace, question))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "apt_tiger.txt").write_text(a_list("tiger", 12), encoding="utf-8")
    add_paths(workspace, [tmp_path / "more"], Told(source="maltrail"))
    found = answer(workspace, question)
    assert found["hypotheses"][0]["name"] == "tiger"
    assert answer(workspace, question) == found  # read back from the cache
    afresh = Settings(workspace=workspace.workspace, cache=tmp_path / "other cache")
    assert answer(afresh, question) == found  # what is kept of each document gives what all of them give
    for kept in ("attribution", "compared"):
        assert len(list(workspace.cache.glob(f"{kept}-*.msgpack"))) == 1
        next(workspace.cache.glob(f"{kept}-*.msgpack")).write_bytes(b"cut off")
    assert answer(workspace, question) == found


def test_after_an_addition_only_what_is_new_is_read(
    workspace: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = Settings(workspace=workspace.workspace, cache=tmp_path / "cache")
    with existing_workspace(where) as store:
        prepare(store, where)
    read: list[str] = []
    whole = known_reports.reports_of_document

    def counted(rows: pa.Table, infrastructure: SharedInfrastructure) -> DocumentReports:
        read.append(rows["cluster"][0].as_py())
        return whole(rows, infrastructure)

    monkeypatch.setattr(known_reports, "reports_of_document", counted)
    answer(where, "kitten-service-18.com")
    assert read == []
    (tmp_path / "apt_tiger.txt").write_text(a_list("tiger", 2), encoding="utf-8")
    add_paths(where, [tmp_path / "apt_tiger.txt"], Told(source="maltrail"))
    answer(where, "kitten-service-18.com")
    assert read == ["tiger"]


def test_what_is_kept_is_not_used_with_newer_lists_of_infrastructure(
    workspace: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Settings(workspace=workspace.workspace, cache=tmp_path / "cache")
    answer(workspace, "185.16.19.13")
    before = {path.name for path in workspace.cache.glob("*.msgpack")}
    monkeypatch.setattr("consilience.knowledge.infrastructure_lists._LAYOUT", 99)  # as a newer package would
    answer(workspace, "185.16.19.13")
    after = {path.name for path in workspace.cache.glob("*.msgpack")}
    for kept in ("attribution", "compared"):
        assert not {name for name in before if name.startswith(kept)} & after


def test_the_record_is_said_to_be_the_workspaces_own_only_where_it_is(tmp_path: Path) -> None:
    """Undated reports are never asked about: none of the workspace's own answers named a cluster like tiger."""
    undated = "\n".join(f"# Reference: https://vendor.example/tiger-{at}\n\ntiger-{at}-host.org" for at in range(12))
    names = (*NAMES, "leopard", "elephant")
    where = fill(tmp_path, {**{name: a_list(name, 20) for name in names}, "tiger": undated})
    for question, expected in (("kitten-service-18.com", ("largest", True)), ("tiger-3-host.org", ("many", False))):
        record = answer(where, question)["record"]
        assert (record["band"], record["own"]) == expected


@pytest.mark.slow
def test_the_address_of_the_worked_case_on_the_real_lists(tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(shared("maltrail", "maltrail-apt-2026-01-03.tar.xz")) as archive:
        archive.extractall(tmp_path / "lists", filter="data")
    where = Settings(workspace=tmp_path / "workspace", cache=tmp_path / "cache")
    add_paths(where, [tmp_path / "lists"])
    found = answer(where, "144.172.112.106")
    assert found["hypotheses"][0]["name"] == "lazarus"
    assert "one-report" in found["reasons"]
    assert found["hypotheses"][0]["shared"][0]["on_list"]
    assert "unclassified" not in probabilities(found)
