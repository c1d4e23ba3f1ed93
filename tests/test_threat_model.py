"""The threat model names a test for every claim, and each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from conftest import ROOT

PAGE: Final = ROOT / "docs" / "threat-model.md"
_NAMED: Final = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
_VERDICTS: Final = {"kept", "found", "no", "–"}


def rows(page: str, last: str) -> list[tuple[str, list[str]]]:
    """Return (heading, cells) of the rows of the tables whose last column is called so."""
    found: list[tuple[str, list[str]]] = []
    heading, columns = "", [""]
    for line in page.splitlines():
        if line.startswith("## "):
            heading, columns = line[3:], [""]
        cells = [each.strip() for each in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            columns = [""]
        elif columns == [""]:
            columns = cells
        elif columns[-1] == last and not set(line) <= set("|-"):
            assert len(cells) == len(columns), line
            found.append((heading, cells))
    return found


@cache
def functions_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


PAGE_TEXT: Final = PAGE.read_text("utf-8")
CLAIMS: Final = rows(PAGE_TEXT, "held by")
MATRIX: Final = rows(PAGE_TEXT, "the service")


@pytest.mark.parametrize(("heading", "cells"), CLAIMS, ids=[cells[0][:60] for _, cells in CLAIMS])
def test_every_claim_names_tests_that_are_there(heading: str, cells: list[str]) -> None:
    named = _NAMED.findall(cells[-1])
    assert named, f"{heading}: {cells[0]}: no test"
    assert _NAMED.sub("", cells[-1]).strip(" ,") == ""
    lost = [f"{file}::{name}" for file, name in named if not has_test(file, name)]
    assert lost == []


def has_test(file: str, name: str) -> bool:
    path = ROOT / "tests" / file
    return path.exists() and name in functions_in(path)


def test_a_test_that_is_not_there_would_be_seen() -> None:
    assert has_test("test_threat_model.py", "test_a_test_that_is_not_there_would_be_seen")
    assert not has_test("test_threat_model.py", "test_that_nobody_wrote")
    assert not has_test("test_no_such_file.py", "test_a_test_that_is_not_there_would_be_seen")


def test_tables_are_read_by_their_heads() -> None:
    page = "## A\n\n| x | held by |\n|---|---|\n| a | `test_a.py::test_b` |\n\n| y | z |\n|---|---|\n| b | c |\n"
    assert rows(page, "held by") == [("A", ["a", "`test_a.py::test_b`"])]


def test_whoever_is_in_the_matrix_has_a_section_and_the_other_way_round() -> None:
    assert len(MATRIX) == len({heading for heading, _ in CLAIMS}) >= 8
    for _, cells in MATRIX:
        assert set(cells[1:]) <= _VERDICTS, cells
