"""``consilience overlap`` as a user meets it: what it ranks, explains, leaves out, refuses and writes."""

from __future__ import annotations

import csv
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import ROOT, Ran
from consilience.app.overlap_answer import JUDGED_AT_MOST, Asked, answer
from consilience.app.settings import settings
from consilience.cli.output import Console, shown
from consilience.cli.overlap import overlap
from consilience.cli.overlap_pairs import show_all
from consilience.exchange.overlap_table import PAIRS, VALUES
from consilience.model.assessment import PairOverlap
from consilience.overlap.pairs import OverlapSettings
from consilience.report.overlap_figures import figures, tail
from overlap_tables import HOSTILE_NAME, digest, rows, table

Ask = Callable[..., Ran]

DONE, ERROR, USAGE, NOTHING, PARTIAL = 0, 1, 2, 3, 6

LINK = ("Tin Otter", "Wax Heron")


def command(workspace: Path, *arguments: str | Path, columns: int = 200) -> Ran:
    line = [sys.executable, "-m", "consilience", "--workspace", str(workspace), *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": str(columns)}
    return Ran(subprocess.run(line, capture_output=True, text=True, check=False, env=environment, timeout=120))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the made-up table; tests only read from it."""
    folder = tmp_path_factory.mktemp("overlap")
    (folder / "table.csv").write_text(table(), encoding="utf-8")
    assert command(folder / "workspace", "add", folder / "table.csv").code == DONE
    return folder / "workspace"


@pytest.fixture(scope="module")
def asked(workspace: Path) -> Ask:
    """Ask ``consilience overlap`` something of the workspace; the same question is asked once."""
    return functools.cache(lambda *arguments: command(workspace, "overlap", *arguments))


def small(tmp_path: Path, *lines: str) -> Path:
    """Return a workspace with a few observations of its own."""
    (tmp_path / "small.csv").write_text("\n".join(["cluster,type,value", *lines]) + "\n", encoding="utf-8")
    assert command(tmp_path / "small", "add", tmp_path / "small.csv").code == DONE
    return tmp_path / "small"


def words(text: str) -> str:
    return " ".join(text.split())


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of the first table in ``text``."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("─"))
    rows: list[list[str]] = []
    for line in lines[start + 1 :]:
        cells = re.split(r" {2,}", line.strip())
        if len(cells) < 5:
            break
        rows.append(cells)
    return rows


# --- all pairs ----------------------------------------------------------------------------------------------------


def test_pairs_come_by_rank_with_figures_verdict_and_how_many_were_tested(asked: Ask) -> None:
    ran = asked("--limit", "2")
    assert (ran.code, ran.err) == (DONE, "")
    first, second = table_rows(ran.out)
    assert first == [
        *("Tin Otter (north)", "Wax Heron (south)", "6", "0.68", "2.8e-05", "0.022", "+19.38", "2", "link"),
        "not enough to say",
    ]
    assert (second[0], second[8]) == (f"{HOSTILE_NAME} (west)", "lead")
    assert "2 of 75 pairs that share something; 780 pairs tested" in ran.out


def test_screen_and_json_agree_to_the_printed_digit(asked: Ask) -> None:
    said = {tuple(row[:2]): row[2:8] for row in table_rows(asked("--limit", "20").out)}
    pairs = msgspec.convert(asked("--json").json["pairs"], list[PairOverlap])
    heads = {(pair.a, pair.b): figures(pair, "en") for pair in pairs if pair.unit == "all"}
    assert len(said) == 20
    for key, row in said.items():
        of = heads[key]
        assert row == [of.shared, of.expected, of.p, of.q, of.weight, of.origins]


def test_json_has_every_pair_with_verdict_kind_and_what_was_compared(asked: Ask) -> None:
    read = asked("--json").json
    assert read["schema"] == "consilience-overlap/1"
    assert (read["sharing"], read["tested"], read["judged"]) == (75, 780, 75)
    assert len(read["verdicts"]) == len(read["kinds"]) == 75
    assert read["verdicts"][0] == {"a": "Tin Otter (north)", "b": "Wax Heron (south)", "verdict": "link"}
    assert read["compared"]["rows"] == 443


@pytest.mark.parametrize(
    ("arguments", "pairs"),
    [
        (("--min-weight", "19.5"), [f"{HOSTILE_NAME} (west)"]),
        (("--min-weight", "16"), ["Tin Otter (north)", f"{HOSTILE_NAME} (west)"]),
        (("--since", "2024", "--min-weight", "16"), ["Tin Otter (north)"]),
    ],
)
def test_options_leave_out_pairs(arguments: tuple[str, ...], pairs: list[str], asked: Ask) -> None:
    ran = asked(*arguments)
    assert ran.code == DONE
    assert [row[0] for row in table_rows(ran.out)] == pairs
    assert f"{len(pairs)} of {len(pairs)} pair" in ran.out
    assert "as asked" in ran.out


def test_since_says_what_it_left_out_and_how_much_has_no_date(asked: Ask) -> None:
    text = words(asked("--since", "2024", "--min-weight", "16").out)
    assert "since 2024: 50 observations compared, 393 left out as earlier; 0 of those compared" in text


@pytest.mark.parametrize("arguments", [("--kind", "hijack"), ("--min-weight", "90")])
def test_nothing_as_asked_is_said_with_code_3(arguments: tuple[str, ...], asked: Ask) -> None:
    ran = asked(*arguments)
    assert ran.code == NOTHING
    assert "none of the 75 pairs that share something is as asked; 780 pairs tested" in words(ran.out)


def test_a_stricter_false_discovery_rate_makes_of_a_link_a_lead(asked: Ask) -> None:
    assert table_rows(asked("--fdr", "0.01", "--limit", "1").out)[0][8] == "lead"
    assert "lead, +19.38 dB" in asked(*LINK, "--fdr", "0.001").out


@pytest.mark.parametrize(("looked_at", "unseen"), [(0, 75), (6, 74), (100_000, 0)])
def test_pairs_whose_values_were_not_looked_at_are_counted_aloud(
    looked_at: int, unseen: int, workspace: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = settings(workspace, cache)
    found = answer(where, Asked(judge=0), OverlapSettings(explained=looked_at))
    assert found.unseen == unseen
    show_all(Console(where, as_json=False), found, Asked(), 1, explain=False)
    assert ("were not looked at one by one" in capsys.readouterr().out) == bool(unseen)


# --- one pair -----------------------------------------------------------------------------------------------------


def test_a_pair_shows_every_shared_value_with_weight_dates_and_whose_word(asked: Ask) -> None:
    text = asked(*LINK).out
    assert "Tin Otter and Wax Heron: link, +19.38 dB; kind of link: not enough to say" in text
    for part in range(2):
        for number in range(3):
            (line,) = [line for line in text.splitlines() if line.startswith(f"both-{part}{number}.example")]
            assert "+14.54" in line
            assert "2024-02-01 to 2024-02-03 (north)" in line
            assert "2024-02-13 to 2024-02-20 (south)" in line
    assert "shown 6 of 6 shared values" in text
    assert "compared among: 40 clusters, 443 rows; 780 pairs tested" in text


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def test_explain_prints_sums_that_add_up(asked: Ask) -> None:
    text = asked(*LINK, "--explain").out
    weights = re.findall(r"\+19\.38 dB|^ +([+\u2212]?\d+\.\d\d)  (.+)$", text, re.MULTILINE)
    steps = [(number(value), what) for value, what in weights if value]
    of_value = [value for value, what in steps if "table of the method" in what or "Limited" in what or "days" in what]
    assert round(sum(of_value), 2) == round(6 * 14.54, 2)
    (added,) = [value for value, what in steps if what.startswith("Weights of the single values")]
    (further,) = [value for value, what in steps if what.startswith("Further values")]
    (family,) = [value for value, what in steps if what.startswith("host and domain names, 6 values")]
    assert round(added + further, 2) == family == 19.38
    assert added == round(sum(of_value), 2)


def test_explain_says_what_chance_is_what_was_reported_and_how_kinds_stand(asked: Ask) -> None:
    text = words(asked(*LINK, "--explain").out)
    assert "bipartite configuration model" in text
    assert "values that 2 to 200 clusters hold enter" in text
    assert "Tin Otter: https://n.example/otter-0" in text
    assert "Wax Heron: https://s.example/heron-1" in text
    assert "kind of link: " in text
    assert "before any evidence: " in text


def test_a_pair_in_json_has_both_sides_of_every_value(asked: Ask) -> None:
    read = asked(*LINK, "--json").json
    (one, *others) = read["values"]
    assert len(others) == 5
    assert one["a"]["sources"] == ["north"]
    assert one["b"]["reports"][0].startswith("https://s.example/heron-")
    assert (one["a"]["first"], one["b"]["last"]) == ("2024-02-01", "2024-02-20")


def test_what_chance_gives_is_said_whatever_one_value_would_weigh(asked: Ask) -> None:
    ran = asked("Tin Otter", "Dust Newt")
    assert "Tin Otter and Dust Newt: chance level" in ran.out
    assert digest("implant")[:20] in ran.out
    assert "reported 2024-03-05" in ran.out  # no use has a date: the day of the report is said to be one


def test_two_names_for_one_cluster_are_not_compared(tmp_path: Path) -> None:
    there = small(tmp_path, f"Sofacy,sha256,{digest('tool')}", f"Tin Otter,sha256,{digest('tool')}")
    ran = command(there, "overlap", "APT28", "Sofacy")
    assert ran.code == NOTHING
    assert "both names stand for the observations filed under Sofacy: there is nothing to compare" in words(ran.out)


def test_clusters_that_share_what_is_benign_are_told_so(tmp_path: Path) -> None:
    there = small(tmp_path, "Tin Otter,ipv4-addr,8.8.8.8", "Wax Heron,ipv4-addr,8.8.8.8")
    ran = command(there, "overlap", *LINK)
    assert ran.code == NOTHING
    assert "benign infrastructure" in ran.out


def test_two_clusters_without_observations_are_judged_by_what_is_said_of_them(tmp_path: Path) -> None:
    workspace = small(tmp_path, "Tin Otter,domain-name,login.tin.example")
    ran = command(workspace, "overlap", "Andariel", "Lazarus Group")
    assert ran.code == NOTHING
    assert "Andariel and Lazarus Group: nothing was compared" in ran.out
    assert "one a part of the other" in words(ran.out)
    told = json.loads(command(workspace, "overlap", "Andariel", "Lazarus Group", "--json").out)
    assert told["kinds"][0]["probability"]["coincidence"] < 0.2
    assert told["compared"]["rows"] == 0


def test_two_clusters_of_whom_nothing_is_known_are_not_found(tmp_path: Path) -> None:
    ran = command(small(tmp_path, "Tin Otter,domain-name,login.tin.example"), "overlap", "Tin Otter", "Nobody At All")
    assert ran.code == NOTHING
    assert "no observation of the workspace belongs to 'Nobody At All'" in ran.err


def test_a_workspace_without_observations_says_so(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Nothing was seen.")
    command(tmp_path / "workspace", "add", tmp_path / "note.txt")
    ran = command(tmp_path / "workspace", "overlap")
    assert (ran.code, ran.err) == (NOTHING, "")
    assert "holds no observation of a cluster: nothing was compared" in ran.out


def test_a_small_workspace_says_whose_count_and_expectation_it_prints(tmp_path: Path) -> None:
    there = small(tmp_path, "Gamaredon,ipv4-addr,45.61.136.56", "Lazarus,ipv4-addr,45.61.136.204")
    text = words(command(there, "overlap", "Gamaredon", "Lazarus", "--explain").out)
    assert "count and expectation are those of the lists, the values below those of the workspace" in text
    assert "331 public lists" in text
    assert "closed form" in text


def test_a_name_cannot_give_orders_to_the_terminal(tmp_path: Path) -> None:
    there = small(tmp_path, f"Bad\a\u202eName,sha256,{digest('tool')}", f"Tin Otter,sha256,{digest('tool')}")
    ran = command(there, "overlap")
    assert "Bad\ufffd\ufffdName" in ran.out


CONTROL = [
    ("clear \x1b[2J the screen", "clear \ufffd[2J the screen"),
    ("8-bit \x9b2J", "8-bit \ufffd2J"),
    ("back\rover", "back\ufffdover"),
    ("\x1b[1mbold\x1b[0m", "\x1b[1mbold\x1b[0m"),  # ours
    ("two\nlines\tapart", "two\nlines\tapart"),
    ("\u2068سپیده\u2069 é 별", "\u2068سپیده\u2069 é 별"),
]


@pytest.mark.parametrize(("text", "printed"), CONTROL, ids=[ascii(row[0]) for row in CONTROL])
def test_what_a_terminal_would_obey_is_shown_instead(text: str, printed: str) -> None:
    assert shown(text) == printed


# --- a table for other programs -----------------------------------------------------------------------------------


def test_out_writes_every_pair_with_where_it_comes_from(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.csv"
    ran = command(workspace, "overlap", "--limit", "1", "--out", out)
    assert (ran.code, words(ran.err)) == (DONE, f"75 rows → {out}")
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert list(rows[0]) == PAIRS.names
    assert len(rows) == 75
    assert all(row["sources"] and row["reports"] for row in rows)
    assert rows[0]["reports"].split(" | ") == [
        *("https://n.example/otter-0", "https://n.example/otter-1"),
        *("https://s.example/heron-0", "https://s.example/heron-1"),
    ]
    assert {row["a"] for row in rows if "HYPERLINK" in row["a"]} == {f"'{HOSTILE_NAME} (west)"}
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]


def test_out_writes_every_value_of_a_pair_typed_in_parquet(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "values.parquet"
    ran = command(workspace, "overlap", *LINK, "--limit", "1", "--out", out, "--json")
    assert ran.json["schema"] == "consilience-overlap/1"
    read = pq.read_table(out)
    assert read.schema.equals(VALUES)
    assert read.num_rows == 6
    first = read.to_pylist()[0]
    assert (first["weight_db"], first["gap_days"], first["clusters"]) == (14.54, 9.0, 2)
    assert (first["sources_a"], first["sources_b"]) == (["north"], ["south"])


def test_an_existing_file_stays_unless_forced(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.json"
    out.write_text("mine")
    refused = command(workspace, "overlap", "--out", out)
    assert (refused.code, refused.out, out.read_text()) == (USAGE, "", "mine")
    assert "--force" in refused.err
    assert command(workspace, "overlap", "--kind", "hijack", "--out", out, "--force").code == NOTHING
    assert json.loads(out.read_text("utf-8"))["rows"] == []


WRONG = [
    # arguments, part of what is said
    (["Tin Otter"], "name two clusters"),
    (["Tin Otter", "tin otter"], "name two clusters"),
    (["--since", "2024-13"], "month"),
    (["--kind", "friendship"], "friendship"),
    (["--fdr", "0"], "fdr"),
    (["--min-weight", "nan"], "not a number"),
    (["--sightings", "x.parquet", "A", "A"], "name two clusters"),
    (["--limit", "0"], "limit"),
    (["--out", "pairs.txt"], ".csv, .json, .parquet"),
    (["--out", "absent/pairs.csv"], "there is no folder absent"),
    (["--engine", "duckdb"], "a workspace is counted in this process"),
    (["--sightings", "x.parquet", "--since", "2024"], "leave out --since"),
    (["--sightings", "x.parquet", "--kind", "hijack", "--min-weight", "3"], "leave out --kind, --min-weight"),
    (["--with", "absent.csv"], "absent.csv"),
    (["--with", __file__, "A", "B", "--explain"], "leave out a name, --explain"),
    (["--with", __file__, "--sightings", "x.parquet"], "leave out --sightings"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(row[0][:4])[:40] for row in WRONG])
def test_what_cannot_be_asked_is_refused_before_any_work(arguments: list[str], said: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        overlap.main(arguments, standalone_mode=False)
    assert said in words(caught.value.format_message())


@pytest.mark.parametrize(
    ("first", "reported", "said"),
    [("2999-01-01", "", True), ("2999-01-01", "2024-06-01", False), ("2024-05-01", "", False), ("", "", False)],
)
def test_a_date_after_today_that_no_report_rules_out_is_said(
    first: str, reported: str, said: bool, tmp_path: Path
) -> None:
    lines = [f"{cluster},evil-host.com,{cluster},{first},{first},{reported}" for cluster in ("A", "B")]
    (tmp_path / "t.csv").write_text("\n".join(["cluster,value,source,first,last,reported", *lines, ""]), "utf-8")
    assert command(tmp_path / "w", "add", tmp_path / "t.csv").code == DONE
    text = words(command(tmp_path / "w", "overlap", "A", "B").out)
    assert ("1 shared value with a use dated after today" in text) == said


# --- what a report would change -----------------------------------------------------------------------------------


def test_with_says_what_a_report_would_change_and_adds_nothing(workspace: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.write_text(
        "cluster,type,value,source,reference,reported\n"
        "Dust Newt,domain-name,both-00.example,east,https://e.example/new,2024-06-01\n"
        ",domain-name,both-01.example,east,https://e.example/new,2024-06-01\n"
    )
    before = command(workspace, "query", "SELECT count(*) FROM observation").out
    ran = command(workspace, "overlap", "--with", report)
    assert (ran.code, ran.err) == (DONE, "")
    changed = {frozenset(row[:2]): row[2] for row in table_rows(ran.out)}
    assert changed[frozenset({"Dust Newt (east)", "Tin Otter (north)"})] == "1 → 2"
    assert changed[frozenset({"Dust Newt (east)", "Wax Heron (south)"})] == "– → 1"
    text = words(ran.out)
    assert "report.csv: 1 observation of a cluster compared" in text
    assert "1 indicator without a cluster cannot be compared. Nothing was added" in text
    assert command(workspace, "query", "SELECT count(*) FROM observation").out == before
    read = command(workspace, "overlap", "--with", report, "--json").json
    assert read["schema"] == "consilience-overlap-effect/1"
    assert {(each["a"], each["b"]): each["verdict_before"] for each in read["touched"]}[
        "Dust Newt (east)", "Wax Heron (south)"
    ] == ""


def test_with_tells_what_of_the_report_cannot_be_read(workspace: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.write_text("cluster,type,value\nDust Newt,ipv4-addr,not an address\nDust Newt,domain-name,both-00.example\n")
    ran = command(workspace, "overlap", "--with", report)
    assert ran.code == PARTIAL
    assert "not taken: " in ran.err
    assert "Nothing was added" in ran.out


# --- tables of sightings ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sightings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up table as Parquet, in two files of one folder."""
    names = ("cluster", "type", "observable", "source", "report", "reported", "first", "last")
    columns = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows()])
    folder: Path = tmp_path_factory.mktemp("sightings")
    pq.write_table(columns.slice(0, 100), folder / "a.parquet")
    pq.write_table(columns.slice(100), folder / "b.parquet")
    return folder


def test_sightings_are_ranked_without_a_workspace(sightings: Path, tmp_path: Path) -> None:
    ran = command(tmp_path / "none", "overlap", "--sightings", sightings, "--limit", "2")
    assert (ran.code, ran.err) == (DONE, "")
    first, second = table_rows(ran.out)
    assert first[:3] == ["Tin Otter", "Wax Heron", "6"]
    assert second[:3] == [HOSTILE_NAME, "Dust Newt", "3"]
    text = words(ran.out)
    assert "443 sightings of 40 clusters, counted by the embedded engine" in text
    assert "75 pairs share something, 780 pairs tested; more than chance gives" in text
    assert "at a false discovery rate of 0.05: 1" in text
    assert not (tmp_path / "none").exists()


def test_a_pair_of_sightings_comes_with_its_values_and_sums(sightings: Path, tmp_path: Path) -> None:
    files = [("--sightings", sightings / name) for name in ("a.parquet", "b.parquet")]
    ran = command(tmp_path / "none", "overlap", *LINK, *files[0], *files[1], "--explain")
    assert ran.code == DONE
    for part in range(2):
        for number in range(3):
            assert f"both-{part}{number}.example" in ran.out
    assert "2024-02-01 to 2024-02-03" in ran.out
    assert "https://s.example/heron-1" in ran.out
    assert "counted by the embedded engine" in words(ran.out)


def test_sightings_in_json_and_as_a_table(sightings: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs.csv"
    ran = command(tmp_path / "none", "overlap", "--sightings", sightings, "--limit", "3", "--json", "--out", out)
    assert (ran.json["schema"], ran.json["rows"], ran.json["clusters"]) == ("consilience-sightings/1", 443, 40)
    assert [each["a"] for each in ran.json["verdicts"]] == [each["a"] for each in ran.json["pairs"]]
    (first, *others) = csv.DictReader(out.read_text("utf-8").splitlines())
    assert [each["b"] for each in others] == ["Dust Newt"]
    assert (first["a"], first["sources"]) == ("Tin Otter", "north | south")


def test_sightings_without_sources_and_reports_are_leads_and_say_why(sightings: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.parquet"
    pq.write_table(pq.read_table(sightings).select(["cluster", "observable"]), bare)
    ran = command(tmp_path / "none", "overlap", "--sightings", bare, "--limit", "1", "--explain")
    assert table_rows(ran.out)[0][8] == "lead"
    assert "origins cannot be counted, so no pair is a link" in words(ran.out)
    assert "p: Chernoff's bound of the chance of as much rarity" in words(ran.out)


def test_sightings_tell_clusters_apart_by_every_letter_and_say_what_is_wrong_with_dates(tmp_path: Path) -> None:
    file = tmp_path / "two.parquet"
    row = {"observable": "x", "last": ""}
    rows = [row | {"cluster": "APT1", "first": "2024-05-02", "last": "2024-05-01"}]
    rows += [row | {"cluster": "apt1", "first": "2024-05-03"}]
    pq.write_table(pa.Table.from_pylist(rows), file)
    ran = command(tmp_path / "none", "overlap", "--sightings", file, "APT1", "apt1")
    assert ran.code == DONE
    text = words(ran.out)
    assert "dates contradict each other 2024-05-03 unknown" in text
    assert "2 sightings of 2 clusters" in text
    assert "1 pair shares something, 1 pair tested" in text


def test_sightings_told_by_independent_reports_are_a_link(sightings: Path, tmp_path: Path) -> None:
    ran = command(tmp_path / "none", "overlap", "--sightings", sightings, "--limit", "1")
    assert table_rows(ran.out)[0][8] == "link"


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--engine", "duck"], {}, "duckdb, local[N], spark://HOST:PORT"),
        ([], {"CONSILIENCE_ENGINE": "duck"}, "duckdb, local[N], spark://HOST:PORT"),
    ],
)
def test_an_engine_that_is_none_is_told_with_what_there_is(
    arguments: list[str], environment: dict[str, str], said: str, sightings: Path, run: Callable[..., Ran]
) -> None:
    ran = run("overlap", "--sightings", sightings, *arguments, **environment)
    assert (ran.code, ran.out) == (ERROR, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_an_engine_set_for_sightings_does_not_stop_a_workspace_from_being_asked(
    workspace: Path, run: Callable[..., Ran]
) -> None:
    assert run("--workspace", workspace, "overlap", "--limit", "1", CONSILIENCE_ENGINE="duckdb").code == DONE


def test_sightings_that_are_not_there_are_named(tmp_path: Path) -> None:
    ran = command(tmp_path / "none", "overlap", "--sightings", tmp_path / "absent.parquet")
    assert (ran.code, ran.out) == (ERROR, "")
    assert "absent.parquet" in ran.err
    assert "Traceback" not in ran.err


# --- figures ------------------------------------------------------------------------------------------------------

TAILS = [
    # p or q, in English, in French
    (1.0, "1.00", "1,00"),
    (0.5606, "0.56", "0,56"),
    (0.0301, "0.030", "0,030"),
    (0.001, "0.001", "0,001"),
    (0.00099, "9.9e-04", "9,9e-04"),
    (6.94e-31, "6.9e-31", "6,9e-31"),
    (0.0, "0", "0"),
]


@pytest.mark.parametrize(("value", "english", "french"), TAILS)
def test_p_and_q_are_printed_with_their_order(value: float, english: str, french: str) -> None:
    assert (tail(value, "en"), tail(value, "fr")) == (english, french)


# --- documents ----------------------------------------------------------------------------------------------------


def test_every_option_has_help_and_is_in_the_tutorial() -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    options = [each for each in overlap.params if isinstance(each, click.Option)]
    assert len(options) >= 12
    assert [each.name for each in options if not each.help] == []
    undocumented = [
        name for each in options for name in each.opts if name.startswith("--") and f"{name}" not in tutorial
    ]
    assert undocumented == []


def test_every_column_of_the_tables_is_in_the_tutorial() -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    columns = {re.sub(r"_[ab]$", "", name) for schema in (PAIRS, VALUES) for name in schema.names}
    assert [name for name in sorted(columns) if f"`{name}`" not in tutorial] == []


def test_the_help_says_for_how_many_pairs_the_kind_is_judged() -> None:
    assert f"for the first {JUDGED_AT_MOST} by rank" in words(overlap.epilog or "")


def test_the_tutorial_shows_what_is_printed(tmp_path: Path) -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    (block,) = re.findall(r"<!-- overlap: begin -->\n```\n(.*?)\n```\n<!-- overlap: end -->", tutorial, re.DOTALL)
    case = ROOT / "cases" / "gamaredon-lazarus-2025"
    assert command(tmp_path / "workspace", "assess", case, "--out", tmp_path / "out").code == DONE
    ran = command(tmp_path / "workspace", "overlap", "Gamaredon", "Lazarus", columns=120)
    assert ran.out.rstrip() == block
