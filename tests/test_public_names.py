"""The public door: a dozen names, loaded when they are used."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import consilience
from conftest import ROOT

DOOR = Path(consilience.__file__)

TABLE = [
    # public name, where it is defined
    ("Assessment", "consilience.model.assessment", "Assessment"),
    ("ConsilienceError", "consilience.errors", "ConsilienceError"),
    ("Marking", "consilience.model.marking", "Marking"),
    ("Settings", "consilience.app.settings", "Settings"),
    ("Source", "consilience.model.source", "Source"),
    ("Statement", "consilience.model.statement", "Statement"),
    ("Told", "consilience.app.adding", "Told"),
    ("add", "consilience.app.use_cases", "add_paths"),
    ("assess_case", "consilience.app.assessing", "assess_case"),
    ("find_overlaps", "consilience.app.overlapping", "find_overlaps"),
    ("open_workspace", "consilience.store.workspace", "open_workspace"),
    ("render_dossier", "consilience.report.dossier", "render"),
    ("settings", "consilience.app.settings", "settings"),
    ("who", "consilience.app.use_cases", "who"),
]


def in_a_fresh_python(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_the_table_is_what_is_exported() -> None:
    assert sorted(consilience.__all__) == sorted([*(row[0] for row in TABLE), "__version__"])
    assert set(consilience.__all__) <= set(dir(consilience))


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(DOOR.read_text("utf-8"))
    (guarded,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        (alias.asname or alias.name, node.module, alias.name)
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == set(TABLE)


@pytest.mark.parametrize(("name", "module", "defined_as"), TABLE, ids=[row[0] for row in TABLE])
def test_each_name_is_the_thing_itself_with_a_docstring_of_its_own(name: str, module: str, defined_as: str) -> None:
    value = getattr(consilience, name)
    assert (value.__module__, value.__name__) == (module, defined_as)
    assert len(value.__doc__.split()) >= 4


def test_a_star_import_gives_the_names_and_nothing_else() -> None:
    found: dict[str, object] = {}
    exec("from consilience import *", found)
    assert set(found) - {"__builtins__"} == set(consilience.__all__)


def test_an_unknown_name_is_an_attribute_error_like_any_other() -> None:
    with pytest.raises(AttributeError, match="'consilience' has no attribute 'attribute_everything'"):
        consilience.attribute_everything  # noqa: B018 - asking is what is tested


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert consilience.__version__ == project["version"]


def test_importing_the_package_loads_nothing_else_of_it_and_no_other_library() -> None:
    code = (
        "import sys, typing; before = set(sys.modules); import consilience; "
        "print(sorted(set(sys.modules) - before - {'importlib', 'importlib._bootstrap', "
        "'importlib._bootstrap_external', '_imp', 'warnings', '_warnings', '__future__'}))"
    )
    assert in_a_fresh_python(code) == "['consilience']"


def test_looking_at_the_names_loads_nothing_either() -> None:
    code = "import sys, consilience; dir(consilience), consilience.__all__; print('consilience.errors' in sys.modules)"
    assert in_a_fresh_python(code) == "False"


def test_the_values_do_not_bring_the_engines() -> None:
    code = (
        "import sys; from consilience import Statement, Source, Marking, Assessment, ConsilienceError, settings; "
        "print([name for name in ('duckdb', 'pyarrow', 'numpy', 'sqlite3', 'click') if name in sys.modules])"
    )
    assert in_a_fresh_python(code) == "[]"


def test_the_example_of_the_package_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    monkeypatch.chdir(tmp_path)
    (example,) = (each for each in doctest.DocTestFinder(recurse=False).find(consilience) if each.examples)
    said: list[str] = []
    result = doctest.DocTestRunner().run(example, out=said.append)
    assert len(example.examples) >= 6
    assert result.failed == 0, "".join(said)
    assert (tmp_path / "out" / "assessment.json").is_file()
