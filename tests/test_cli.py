"""Every command as a user meets it: a process with arguments, an exit code, stdout and stderr."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache as cached
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Ran

Run = Callable[..., Ran]

DONE, ERROR, USAGE, NOTHING, PARTIAL = 0, 1, 2, 3, 6

COMMANDS = (
    *("add", "read", "review", "extract", "who", "names", "overlap", "attribute", "calibrate", "assess", "sources"),
    *(
        "claims",
        "origins",
        "search",
        "query",
        "judge",
        "judgements",
        "propose",
        "match",
        "validate",
        "share",
        "verify",
        "compare",
        "serve",
        "pull",
        "push",
        "misp",
        "trust",
        "audit",
        "update",
    ),
)

LIST_A = """\
# Reference: https://example.org/2024/03/05/marten
192.0.2.7
c2.marten.example
update.marten.example
"""

TABLE = """\
cluster,type,value,source,reference,reported
Tin Otter,ipv4-addr,203.0.113.7,north-cert,https://example.org/otter,2024-03-05
Tin Otter,sha256,f10c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c,north-cert,https://example.org/otter,2024-03-05
Wax Heron,ipv4-addr,203.0.113.8,north-cert,https://example.com/heron,2024-03-09
Wax Heron,sha256,f10c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c,north-cert,https://example.com/heron,2024-03-09
Dust Newt,ipv4-addr,203.0.113.8,north-cert,https://example.net/newt,2024-03-11
"""

CLAIM = "The agency assesses that the Otter Group carried out the raid on the harbour office."
OTHER_CLAIM = "The Heron Front says that it alone carried out the raid on the harbour office."

CLAIMS = f"""\
said,source,subject,subject_type,predicate,object,object_type,act,stance,quote,lang,url
2024-03-06,north-cert,Raid on the harbour office,incident,attributed-to,Otter Group,intrusion-set,assessment,affirms,"{CLAIM}",en,https://example.org/a
2024-03-07,heron-front,Heron Front,threat-actor,claims-responsibility-for,Raid on the harbour office,incident,self-claim,affirms,"{OTHER_CLAIM}",en,https://example.org/b
"""

CASE = """\
title: {en: The raid on the harbour office}
question: who
asks:
  en: Who carried out the raid?
incident: 2024-03-05
languages: [en]
marking: TLP:CLEAR
hypotheses:
  - {id: otters, label: {en: the Otter Group}, names: [Otter Group]}
  - {id: herons, label: {en: the Heron Front}, names: [Heron Front]}
sources:
  - {id: north-cert, name: Northern CERT, kind: state, reliability: B, basis: investigated on site}
  - {id: heron-front, name: Heron Front, kind: persona, reliability: E, basis: persona of the attackers}
documents:
  - {path: documents/claims.csv}
"""

GALAXY = {
    "name": "Threat Actor",
    "type": "threat-actor",
    "version": 999,
    "values": [{"value": "Tin Otter", "uuid": "00000000-0000-4000-8000-000000000001", "meta": {"country": "FR"}}],
}


def command_line(workspace: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "consilience", "--workspace", str(workspace), *map(str, arguments)]


def write_case(folder: Path, text: str = CASE) -> Path:
    (folder / "documents").mkdir(parents=True)
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    (folder / "documents" / "claims.csv").write_text(CLAIMS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, a case, newer knowledge, and a workspace that holds them; tests only read from it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    case = write_case(folder / "case")
    newer = folder / "newer"
    newer.mkdir()
    (newer / "threat-actor.json").write_text(json.dumps(GALAXY), encoding="utf-8")
    added = command_line(folder / "workspace", "add", folder / "table.csv", case / "documents" / "claims.csv")
    subprocess.run(added, check=True, capture_output=True)
    return folder


@pytest.fixture
def on(desk: Path, run: Run) -> Run:
    """Run a command on the workspace of ``desk``."""
    return lambda *arguments, **environment: run("--workspace", desk / "workspace", *arguments, **environment)


def some_statement(on: Run, quote: str = CLAIM) -> str:
    found = on("query", f"SELECT id FROM statement WHERE quote = '{quote}'", "--json")
    return str(found.json["rows"][0][0])


# --- help ---------------------------------------------------------------------------------------------------------


def test_the_program_names_every_command_and_what_its_exit_codes_mean(run: Run) -> None:
    ran = run("--help")
    text = " ".join(ran.out.split())
    assert (ran.code, ran.err) == (DONE, "")
    assert [command for command in COMMANDS if f"\n  {command} " not in ran.out] == []
    assert "0 done, 1 error, 2 wrong usage, 3 nothing found, 6 done in part" in text
    assert run("-h").out == ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example_of_that_command(command: str, run: Run) -> None:
    ran = run(command, "--help")
    assert (ran.code, ran.err) == (DONE, "")
    assert f"Example: consilience {command}" in " ".join(ran.out.split())
    assert "--json" in ran.out


def test_no_command_is_wrong_usage_and_points_to_the_help(run: Run) -> None:
    ran = run()
    assert ran.code == USAGE
    assert "--help" in ran.err
    assert "Traceback" not in ran.err


def test_the_version_is_that_of_the_package(run: Run) -> None:
    from importlib.metadata import version

    assert version("consilience") in run("--version").out


# --- JSON and exit codes ------------------------------------------------------------------------------------------

JSON: list[tuple[str, list[str], int, str, str]] = [
    # command and arguments ({desk}: the folder of the fixture), exit code, schema, a key that the answer holds
    ("add", ["--dry-run", "{desk}/table.csv"], DONE, "consilience-add/1", "rows"),
    ("who", ["Salt Typhoon"], DONE, "consilience-who/1", "known"),
    ("who", ["Tin Otter"], DONE, "consilience-who/1", "uses"),
    ("names", [], DONE, "consilience-names/1", "names"),
    ("overlap", [], DONE, "consilience-overlap/1", "pairs"),
    ("overlap", ["Tin Otter", "Wax Heron"], DONE, "consilience-overlap/1", "resolved"),
    ("sources", [], DONE, "consilience-sources/1", "sources"),
    ("claims", [], DONE, "consilience-claims/1", "claims"),
    ("claims", ["{desk}/case"], DONE, "consilience-claims/1", "claims"),
    ("trust", ["list"], NOTHING, "consilience-trust-list/1", "partners"),
    ("search", ["harbour"], DONE, "consilience-search/1", "hits"),
    ("search", ["zeppelin"], NOTHING, "consilience-search/1", "hits"),
    ("query", ["SELECT id, quote FROM statement"], DONE, "consilience-query/1", "rows"),
    ("query", ["SELECT id FROM statement WHERE source = 'nobody'"], NOTHING, "consilience-query/1", "rows"),
]


@pytest.mark.parametrize(
    ("command", "arguments", "code", "schema", "key"), JSON, ids=[" ".join((row[0], *row[1])) for row in JSON]
)
def test_json_parses_names_its_schema_and_goes_with_the_exit_code(
    command: str, arguments: list[str], code: int, schema: str, key: str, desk: Path, on: Run
) -> None:
    ran = on(command, *(each.format(desk=desk) for each in arguments), "--json")
    assert (ran.code, ran.err) == (code, "")
    assert ran.json["schema"] == schema
    assert bool(ran.json[key]) == (code == DONE)


def test_assess_and_judge_and_update_speak_json_too(desk: Path, on: Run, tmp_path: Path) -> None:
    assessed = on("assess", desk / "case", "--out", tmp_path / "out", "--json")
    judged = on("judge", some_statement(on), "accept", "--author", "someone", "--json")
    taken = on("--cache", tmp_path / "cache", "update", desk / "newer", "--json")
    assert [ran.code for ran in (assessed, judged, taken)] == [DONE] * 3
    assert [ran.json["schema"] for ran in (assessed, judged, taken)] == [
        "consilience-assess/1",
        "consilience-judgement/1",
        "consilience-update/1",
    ]
    (case,) = assessed.json["cases"]
    assert all(Path(each).is_file() for each in case["files"])
    assert taken.json["kept"] == ["threat-actor.json"]
    assert (judged.json["verdict"], judged.json["author"]) == ("accept", "someone")


def test_json_may_stand_before_the_command(on: Run) -> None:
    assert on("--json", "search", "harbour").out == on("search", "harbour", "--json").out


def test_people_get_text_and_not_json(on: Run) -> None:
    for command, arguments in [("who", ["Salt Typhoon"]), ("claims", []), ("search", ["harbour"])]:
        ran = on(command, *arguments)
        assert ran.code == DONE
        assert ran.out.strip()
        assert not ran.out.lstrip().startswith(("{", "["))


USAGE_ERRORS = [
    (["evaluate"], "evaluate"),
    (["who"], "NAME"),
    (["assess"], "CASE"),
    (["overlap", "Tin Otter"], "two clusters"),
    (["judge", "statement--1", "maybe"], "maybe"),
    (["search", "harbour", "--limit", "many"], "many"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE_ERRORS, ids=[" ".join(row[0]) for row in USAGE_ERRORS])
def test_wrong_usage_is_told_on_stderr_with_code_2(arguments: list[str], said: str, on: Run) -> None:
    ran = on(*arguments)
    assert (ran.code, ran.out) == (USAGE, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_some_files_rejected_is_code_6_and_all_rejected_is_code_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(LIST_A)
    (tmp_path / "empty.txt").write_bytes(b"")
    assert run("add", tmp_path / "empty.txt").code == ERROR
    assert run("add", tmp_path / "empty.txt", tmp_path / "good.txt").code == PARTIAL
    assert run("add", tmp_path / "good.txt").code == DONE


def test_a_case_with_a_document_that_cannot_be_read_is_done_in_part(run: Run, tmp_path: Path) -> None:
    case = write_case(tmp_path / "case", CASE + "  - {path: documents/empty.txt}\n")
    (case / "documents" / "empty.txt").write_bytes(b"")
    ran = run("assess", case, "--out", tmp_path / "out")
    assert ran.code == PARTIAL
    assert "empty.txt" in ran.err
    assert (tmp_path / "out" / "case" / "assessment.json").is_file()


def test_an_abstention_is_code_3_only_where_the_caller_asks_for_it(run: Run, tmp_path: Path) -> None:
    silent = CASE.replace("[Otter Group]", "[Somebody else]").replace("[Heron Front]", "[Nobody]")
    case = write_case(tmp_path / "case", silent)
    relaxed = run("assess", case, "--out", tmp_path / "out", "--json")
    assert (relaxed.code, relaxed.json["cases"][0]["abstains"]) == (DONE, True)
    assert run("assess", case, "--out", tmp_path / "out", "--strict").code == NOTHING


# --- errors -------------------------------------------------------------------------------------------------------

HEAD = "title: {en: A}\nquestion: who\nasks: {en: B}\n"

BROKEN_CASES = [
    # case.yaml, place, part of the reason; more of them in test_case_yaml.py
    (HEAD.replace("who", "why"), "line 2", "why"),
    (HEAD + "incident: 2024-02-30\n", "line 4", "day"),
    (HEAD + "documents:\n  - {path: ../../secret.txt}\n", "line 5", "secret.txt"),
    ("title: !!python/object/apply:os.system [id]\n", "line 1", "tag"),
]


@pytest.mark.parametrize(("text", "place", "reason"), BROKEN_CASES, ids=[row[2] for row in BROKEN_CASES])
def test_a_broken_case_is_refused_with_file_line_and_reason(
    text: str, place: str, reason: str, run: Run, tmp_path: Path
) -> None:
    case = write_case(tmp_path / "case", text)
    ran = run("assess", case)
    assert (ran.code, ran.out) == (ERROR, "")
    assert f"{case / 'case.yaml'}: {place}" in ran.err
    assert reason in ran.err
    assert "Traceback" not in ran.err
    assert not (case / "assessment").exists()


ERRORS_AS_JSON = [
    # arguments, the error's kind, its file, the beginning of its place, part of its reason
    (["assess", "{tmp}/case"], "CaseError", "{tmp}/case/case.yaml", "line 2", "why"),
    (["search", "x"], "StoreError", "{tmp}/workspace", "", "no workspace"),
    (["--cache", "{tmp}/list.txt", "who", "Lazarus"], "KnowledgeError", "{tmp}/list.txt", "", ""),
]


@pytest.mark.parametrize(
    ("arguments", "kind", "file", "place", "reason"),
    ERRORS_AS_JSON,
    ids=[row[1] for row in ERRORS_AS_JSON],
)
def test_with_json_an_error_is_json(
    arguments: list[str], kind: str, file: str, place: str, reason: str, run: Run, desk: Path, tmp_path: Path
) -> None:
    write_case(tmp_path / "case", HEAD.replace("who", "why"))
    (tmp_path / "list.txt").write_text(LIST_A)
    ran = run(*(each.format(desk=desk, tmp=tmp_path) for each in arguments), "--json")
    assert (ran.code, ran.err) == (ERROR, "")
    assert ran.json["schema"] == "consilience-error/1"
    error = ran.json["error"]
    assert set(error) == {"kind", "file", "place", "reason"}
    assert error["kind"] == kind
    assert error["file"].startswith(file.format(tmp=tmp_path))
    assert error["place"].startswith(place)
    assert reason in error["reason"]


@pytest.mark.parametrize(
    "arguments",
    [["search", "x"], ["query", "SELECT 1"], ["judge", "statement--1", "reject"], ["claims"], ["overlap"]],
    ids=lambda arguments: arguments[0],
)
def test_a_workspace_that_is_not_there_is_named_and_not_made(arguments: list[str], run: Run, tmp_path: Path) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (ERROR, "")
    assert ran.err.startswith(f"error: {tmp_path / 'workspace'}: ")
    assert "consilience add" in ran.err
    assert not (tmp_path / "workspace").exists()


OTHER_ERRORS = [
    # arguments, parts of what is said
    (["query", "SELECT * FROM statment"], ["query", "statment"]),
    (["query", ""], ["query"]),
    (["assess", "{tmp}/absent"], ["absent", "case.yaml"]),
    (["assess", "{desk}/case", "--out", "{tmp}/file.txt/out"], ["file.txt"]),
    (["--workspace", "{tmp}/file.txt", "add", "{desk}/table.csv"], ["file.txt"]),
    (["--cache", "{tmp}/file.txt", "who", "Lazarus"], ["file.txt"]),
    (["--cache", "{tmp}/cache", "update", "{tmp}/absent"], ["absent"]),
    (["--cache", "{tmp}/cache", "update", "{desk}/case"], ["case"]),
]


@pytest.mark.parametrize(("arguments", "said"), OTHER_ERRORS, ids=[" ".join(row[0]) for row in OTHER_ERRORS])
def test_an_error_says_what_and_where_on_stderr(
    arguments: list[str], said: list[str], desk: Path, on: Run, tmp_path: Path
) -> None:
    (tmp_path / "file.txt").write_text("a file, not a folder")
    filled = [each.format(desk=desk, tmp=tmp_path) for each in arguments]
    ran = on(*filled)
    assert "Traceback" not in ran.err
    assert (ran.code, ran.out) == (ERROR, "")
    assert ran.err.startswith("error: ")
    assert [part for part in said if part not in ran.err] == []


@pytest.mark.parametrize(
    "arguments",
    [["who", "No Such Group"], ["overlap", "No Such Group", "Tin Otter"], ["judge", "statement--0000", "reject"]],
)
def test_an_unknown_name_is_nothing_found(arguments: list[str], on: Run) -> None:
    ran = on(*arguments)
    assert (ran.code, ran.out) == (NOTHING, "")
    assert arguments[1] in ran.err
    assert "Traceback" not in ran.err
    machine = on(*arguments, "--json")
    assert machine.code == NOTHING
    assert machine.json["error"]["kind"] == "UnknownNameError"


def test_clusters_known_by_benign_values_alone_share_nothing(run: Run, tmp_path: Path) -> None:
    head, a, b = "cluster,type,value", "Tin Otter,ipv4-addr,8.8.8.8", "Wax Heron,ipv4-addr,8.8.8.8"
    (tmp_path / "table.csv").write_text(f"{head}\n{a}\n{b}\n")
    run("add", tmp_path / "table.csv")
    ran = run("overlap", "Tin Otter", "Wax Heron")
    assert "Traceback" not in ran.err
    assert ran.code == NOTHING


def test_a_wrong_date_on_the_command_line_is_told_with_its_option(on: Run, desk: Path) -> None:
    ran = on("add", desk / "table.csv", "--published", "2024-13-01", "--dry-run")
    assert ran.code in (ERROR, USAGE)
    assert "published" in ran.out + ran.err
    assert "month" in ran.out + ran.err
    assert "Traceback" not in ran.err


# --- query --------------------------------------------------------------------------------------------------------


def test_a_query_on_a_workspace_without_statements_finds_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(LIST_A)
    run("add", tmp_path / "list.txt")
    ran = run("query", "SELECT * FROM statement", "--json")
    assert (ran.code, ran.err) == (NOTHING, "")
    assert "quote" in ran.json["columns"]


QUERIES_THAT_REACH_OUT = [
    "COPY (SELECT 1) TO '{tmp}/made.csv'",
    "SELECT * FROM '{tmp}/secret.csv'",
    "ATTACH '{tmp}/made.duckdb' AS made",
    "INSTALL httpfs",
]


@pytest.mark.parametrize("sql", QUERIES_THAT_REACH_OUT)
def test_a_query_reads_the_workspace_and_nothing_else(sql: str, on: Run, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    ran = on("query", sql.format(tmp=tmp_path))
    assert (ran.code, ran.out) == (ERROR, "")
    assert "Traceback" not in ran.err
    assert "download" not in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]


# --- judgements ---------------------------------------------------------------------------------------------------


def test_a_rejected_statement_leaves_the_assessment_stays_searchable_and_can_return(run: Run, tmp_path: Path) -> None:
    case = write_case(tmp_path / "case")
    written = tmp_path / "out" / "case" / "assessment.json"

    def assessed() -> tuple[bytes, dict[str, Any], set[str]]:
        assert run("assess", case, "--out", tmp_path / "out").code == DONE
        data = written.read_bytes()
        read = json.loads(data)
        return data, read, {each for item in read["evidence"] for each in item["statements"]}

    before, first, weighed = assessed()
    (claim,) = (row["statement"] for row in first["ledger"] if row["quote"] == CLAIM)
    assert claim in weighed

    judged = run("judge", claim, "reject", "--reason", "a copy of another report", "--author", "someone")
    assert (judged.code, judged.err) == (DONE, "")
    _, second, weighed = assessed()
    assert claim not in weighed
    assert claim not in {row["statement"] for row in second["ledger"]}
    assert [each["posterior"] for each in first["hypotheses"]] != [each["posterior"] for each in second["hypotheses"]]
    assert OTHER_CLAIM in {row["quote"] for row in second["ledger"]}

    hits = run("search", "agency Otter", "--json").json["hits"]
    assert claim in {hit["statement"] for hit in hits}
    assert run("query", f"SELECT count(*) FROM statement WHERE id = '{claim}'", "--json").json["rows"] == [[1]]

    assert run("judge", claim, "accept").code == DONE
    assert assessed()[0] == before


# --- the process --------------------------------------------------------------------------------------------------

PLAIN_RUNS = [
    ["add", "--dry-run", "{desk}/table.csv"],
    ["who", "Salt Typhoon"],
    ["assess", "{desk}/case", "--out", "{tmp}/out"],
]


@pytest.mark.parametrize("arguments", PLAIN_RUNS, ids=lambda arguments: arguments[0])
def test_nothing_is_read_from_the_keyboard(arguments: list[str], desk: Path, tmp_path: Path) -> None:
    """What waits on stdin is still there when the program has ended: it asked for nothing."""
    reader, writer = os.pipe()
    os.write(writer, b"y\n")
    filled = [each.format(desk=desk, tmp=tmp_path) for each in arguments]
    process = subprocess.run(
        command_line(desk / "workspace", *filled), stdin=reader, capture_output=True, check=False, timeout=60
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as left:
        assert left.read() == b"y\n"
    assert process.returncode == DONE


@cached
def network_off() -> tuple[str, ...]:
    """Return the command that runs another without a network, or nothing where the machine does not allow it."""
    tries = (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net"))
    for command in tries if shutil.which("unshare") else ():
        if subprocess.run((*command, "true"), check=False, capture_output=True).returncode == 0:
            return command
    return ()


def test_a_machine_without_a_network_and_without_a_cache_does_the_whole_job(tmp_path: Path) -> None:
    if not network_off():
        pytest.skip("needs `unshare --net`, which this machine does not allow")
    home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home"), "CONSILIENCE_CACHE": ""}
    case = ROOT / "cases" / "gamaredon-lazarus-2025"
    command = command_line(tmp_path / "workspace", "assess", case, "--out", tmp_path / "out")
    process = subprocess.run(
        (*network_off(), *command), env={**os.environ, **home}, capture_output=True, text=True, check=False, timeout=120
    )
    assert (process.returncode, process.stderr) == (DONE, "")
    assert (tmp_path / "out" / case.name / "dossier.html").is_file()


def test_a_reader_that_has_seen_enough_ends_the_program_quietly(desk: Path) -> None:
    with subprocess.Popen(
        command_line(desk / "workspace", "names"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(timeout=60)
    assert (code, said) == (DONE, b"")


def test_other_scripts_come_out_whole_where_the_locale_is_plain(on: Run, desk: Path) -> None:
    ran = on("overlap", "Tin Otter", "Wax Heron", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ran.code == DONE
    assert "Traceback" not in ran.err
