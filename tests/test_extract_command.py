"""``consilience extract iocs`` as a filter: what goes in, what comes out, and what it costs to start."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from consilience.app.settings import settings
from consilience.cli.extract import extract
from consilience.cli.output import Console, ExitCode
from consilience.errors import InputError
from consilience.knowledge.defanging import defang
from consilience.knowledge.observable_syntax import classify, refang

TEXT = (
    "It fetched hxxps://evil-update[.]com/a?x=1 from 45.9.148[.]108 and ran update.exe.\n"
    "Again 45.9.148[.]108. The legitimate site is good-update.com.\n"
)


def run(*arguments: str, text: str | bytes = TEXT, as_json: bool = False):
    console = Console(settings(), as_json)
    return CliRunner().invoke(extract, ["iocs", *arguments], input=text, obj=console, standalone_mode=False)


# arguments, lines
LINES = [
    ([], ["https://evil-update.com/a?x=1", "45.9.148.108", "update.exe"]),
    (["--defang"], ["hxxps://evil-update[.]com/a?x=1", "45[.]9[.]148[.]108", "update.exe"]),
    (["--types", "ipv4-addr,domain-name"], ["45.9.148.108"]),
    (["--types", "domain-name", "--all"], ["good-update.com"]),
    (["--own", "evil-update.com"], ["https://evil-update.com/a?x=1", "45.9.148.108", "update.exe"]),
]


@pytest.mark.parametrize(("arguments", "lines"), LINES, ids=[" ".join(row[0]) or "plain" for row in LINES])
def test_one_value_to_a_line_each_once(arguments, lines):
    done = run(*arguments)
    assert done.return_value == ExitCode.DONE
    assert done.stdout.splitlines() == lines


@pytest.mark.parametrize("program_option", [True, False])
def test_json_holds_every_place_in_the_text(program_option):
    done = run(*([] if program_option else ["--json"]), as_json=program_option)
    answer = json.loads(done.stdout)
    assert answer["schema"] == "consilience-iocs/1"
    assert [each["value"] for each in answer["found"]].count("45.9.148.108") == 2
    for each in answer["found"]:
        assert TEXT[each["start"] : each["end"]] == each["original"]
    assert {each["role"] for each in answer["found"]} == {"indicator", "benign"}


def test_csv_is_a_table_that_no_spreadsheet_runs():
    rows = list(csv.DictReader(io.StringIO(run("--csv", text='the mutex "=cmd()" and 45.9.148.108').stdout)))
    assert [(row["type"], row["value"]) for row in rows] == [("mutex", "'=cmd()"), ("ipv4-addr", "45.9.148.108")]


def test_nothing_found_has_its_own_exit_code():
    done = run(text="Nothing to see here.")
    assert (done.return_value, done.stdout) == (ExitCode.NOTHING, "")


@pytest.mark.parametrize(
    "data",
    [TEXT.encode("utf-8-sig"), TEXT.encode("utf-16"), TEXT.encode() + b"\xff\xfe bad bytes"],
    ids=["utf-8 with mark", "utf-16", "wrong bytes"],
)
def test_encodings(data):
    assert run(text=data).stdout.splitlines() == LINES[0][1]


def test_what_is_no_text_is_refused_with_the_way_to_go_on():
    done = run(text=b"%PDF-1.7\0\0\0")
    assert isinstance(done.exception, InputError)
    assert "consilience add" in str(done.exception)


def test_an_unknown_type_is_named():
    done = run("--types", "ipv4")
    assert "'ipv4' is not a type" in str(done.exception)
    assert "ipv4-addr" in run("--types", "help").stdout.split()


@given(
    st.from_regex(r"(?:[a-z]{3,9}\.){1,3}(?:com|org|ru)(?::[1-9][0-9]{0,3})?", fullmatch=True)
    | st.ip_addresses().map(str)
)
def test_what_is_defanged_is_no_link_and_can_be_brought_back(value):
    observable = classify(value)
    written = defang(observable)
    assert written != observable.value
    assert refang(written) == observable.value


def test_start_up_loads_nothing_heavy_and_is_quick():
    code = (
        "from consilience.cli.output import Console; from consilience.app.settings import settings;"
        "from consilience.cli.extract import extract; import sys;"
        "extract(['iocs'], obj=Console(settings(), False), standalone_mode=False);"
        "heavy = {'duckdb', 'numpy', 'pyarrow', 'tldextract', 'requests'} & set(sys.modules); assert not heavy, heavy"
    )
    seconds = []
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(TEXT.encode())
        process.stdin.close()
        assert process.stdout.read().decode().splitlines() == LINES[0][1]
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        seconds.append(usage.ru_utime + usage.ru_stime)
    assert min(seconds) < 0.3
