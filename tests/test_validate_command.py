"""``consilience validate`` on files as people have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from consilience.app.settings import Settings
from consilience.cli.output import Console, ExitCode
from consilience.cli.validate import validate
from stix_validation_cases import DELETE, VALID, changed

Call = Callable[..., tuple[int, str]]
BUNDLE = {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"}


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Run the command in this process; return its exit code and what it printed."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        console = Console(Settings(workspace=tmp_path / "workspace", cache=tmp_path), as_json=False)
        result = CliRunner().invoke(validate, [str(each) for each in arguments], obj=console, standalone_mode=False)
        assert result.exception is None, result.exception
        return result.return_value, result.output

    return run


def write(folder: Path, document: object, name: str = "a.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


WRONG = changed(VALID["campaign"], {"name": DELETE})
OLD = changed(VALID["campaign"], {"spec_version": DELETE})


@pytest.mark.parametrize(
    ("document", "code", "told"),
    [
        ({**BUNDLE, "objects": list(VALID.values())}, ExitCode.DONE, "42 objects, no rule is broken"),
        ({"objects": [VALID["url"]], "more": False}, ExitCode.DONE, "1 object, no rule is broken"),
        ([VALID["url"], WRONG], ExitCode.ERROR, "/1  "),
        (WRONG, ExitCode.ERROR, "name: is missing (STIX 2.1, 4.2)"),
        (VALID["observed-data"], ExitCode.DONE, "1 object, no rule is broken"),
        ({**BUNDLE, "id": "bundle--1", "objects": [VALID["url"]]}, ExitCode.ERROR, "id: is not the id of a bundle"),
        ({**BUNDLE, "objects": []}, ExitCode.ERROR, "objects: is not a list with objects in it"),
        ({**BUNDLE, "objects": {}}, ExitCode.ERROR, "objects: is not a list with objects in it"),
        ({**BUNDLE, "objects": [OLD]}, ExitCode.NOTHING, "1 of STIX 2.0 not checked"),
        ({**BUNDLE, "objects": [1, None, "a"]}, ExitCode.ERROR, "is null, not an object"),
        ('{"type": "url", "type": "file"}', ExitCode.ERROR, "the key 'type' stands twice in one object"),
        ("[" * 100, ExitCode.ERROR, "nested more than 64 levels deep"),
        ('{"type": ', ExitCode.ERROR, "line 1: the JSON is cut off"),
        ("", ExitCode.ERROR, "the document is empty"),
        ("17", ExitCode.ERROR, "is a number, not an object"),
    ],
)
def test_files_of_all_sorts(
    call: Call, tmp_path: Path, document: object, code: ExitCode, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # else cells are wrapped
    got, printed = call(write(tmp_path, document))
    assert got == code
    assert told in printed


def test_a_file_that_cannot_be_read_does_not_stop_the_others(call: Call, tmp_path: Path) -> None:
    good = write(tmp_path, {**BUNDLE, "objects": [VALID["url"]]}, "good.json")
    code, printed = call(tmp_path / "nowhere.json", write(tmp_path, "{", "bad.json"), good)
    assert code == ExitCode.ERROR
    assert [line.rsplit("/", 1)[-1] for line in printed.splitlines()] == [
        "nowhere.json: cannot be read: No such file or directory",
        "bad.json: line 1: the JSON is cut off",
        "good.json: 1 object, no rule is broken",
    ]


def test_json_for_machines_has_every_problem_with_its_place(call: Call, tmp_path: Path) -> None:
    path = write(tmp_path, {**BUNDLE, "objects": [VALID["url"], WRONG, OLD]})
    code, printed = call(path, "--json")
    report: dict[str, Any] = json.loads(printed)
    assert code == ExitCode.ERROR
    assert (report["schema"], report["sound"]) == ("consilience-validate/1", False)
    (checked,) = report["files"]
    assert (checked["file"], checked["objects"], checked["older"]) == (str(path), 3, 1)
    assert checked["faulty"] == [
        {
            "place": "/objects/1",
            "id": WRONG["id"],
            "problems": [{"place": "name", "reason": "is missing", "section": "4.2"}],
        }
    ]


def test_a_long_list_is_cut_and_says_so(call: Call, tmp_path: Path) -> None:
    code, printed = call(write(tmp_path, [WRONG] * 60))
    assert code == ExitCode.ERROR
    assert "… 10 more; --json has all" in printed
    assert "60 objects, 60 problems" in printed


def test_advice_is_told_on_request_and_changes_no_exit_code(call: Call, tmp_path: Path) -> None:
    path = write(tmp_path, [changed(VALID["campaign"], {"x_weight": 1})])
    assert call(path) == (ExitCode.DONE, f"{path}: 1 object, no rule is broken\n")
    code, printed = call(path, "--advice")
    assert code == ExitCode.DONE
    assert "x_weight: is a property of nobody's extension" in " ".join(printed.split())
    assert "1 object, no rule is broken, 1 of advice" in printed
