"""``consilience attribute`` on evidence that is wrong, copied, contradictory or planted: a sober answer every time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from consilience.app.adding import Told
from consilience.app.attributing import UNKNOWN_ACTOR
from consilience.app.settings import Settings
from consilience.app.use_cases import add_paths
from consilience.cli.output import ExitCode
from test_attribute import NAMES, a_list, answer, ask, probabilities

ADDRESS, NAME = "185.16.19.13", "kitten-service-18.com"
"""Of kitten alone, in two of its reports."""

PUBLISHED = tuple(f"one-of-many-{at}.com" for at in range(6))
"""All of one report on tiger."""

ONE_REPORT = "# Reference: https://vendor.example/2024/06/06/tiger\n\n" + "\n".join(PUBLISHED) + "\n"


def dated(day: str) -> str:
    return f"# Reference: https://vendor.example/{day}/report\n\n{ADDRESS}\n{NAME}\n"


def lists(**more: str) -> dict[str, str]:
    return {**{name: a_list(name, 20) for name in NAMES}, **more}


def leader(found: Any) -> Any:
    return found["hypotheses"][0]


def says_nothing(found: Any) -> None:
    assert found["abstains"]
    assert not any(each["shared"] for each in found["hypotheses"] if each["name"] != UNKNOWN_ACTOR)


def is_of_unknown_age(found: Any) -> None:
    assert found["abstains"]
    assert leader(found)["name"] == "tiger"
    assert {each["age_days"] for each in leader(found)["shared"]} == {None}


def is_of_the_month(found: Any) -> None:
    assert found["abstains"]
    assert {each["day"] for one in leader(found)["shared"] for each in one["where"]} == {"2023-02-28"}


def is_two_actors(found: Any) -> None:
    both = {each["name"]: each for each in found["hypotheses"]}
    assert {each["clusters"] for name in ("kitten", "panda") for each in both[name]["shared"]} == {2}
    assert max(both["kitten"]["probability"], both["panda"]["probability"]) < 0.8


def is_one_report(found: Any) -> None:
    assert "one-report" in found["reasons"]
    assert found["abstains"]
    assert found["if_planted"]["name"] != "tiger"


def is_not_counted_twice(found: Any) -> None:
    assert {each["reports"] for each in leader(found)["shared"]} == {1}


WRONG: list[tuple[str, Mapping[str, str], tuple[str, ...], Callable[[Any], None]]] = [
    ("empty evidence", lists(), (" ", ""), says_nothing),
    ("nothing that is a value", lists(), ("not-a-value", "x" * 5_000, "%%%\x00"), says_nothing),
    ("an impossible day of a report", {"tiger": dated("2023/02/31")}, (ADDRESS, NAME), is_of_the_month),
    ("an impossible month of a report", {"tiger": dated("2023/13/01")}, (ADDRESS, NAME), is_of_unknown_age),
    ("the year 0", {"tiger": dated("0000/01/01")}, (ADDRESS, NAME), is_of_unknown_age),
    ("the year 9999", {"tiger": dated("9999/12/31")}, (ADDRESS, NAME), is_of_unknown_age),
    (
        "one source files it under two",
        lists(panda=a_list("panda", 20, more=dated("2024/12/08"))),
        (ADDRESS,),
        is_two_actors,
    ),
    ("all points to one, out of one report", lists(tiger=ONE_REPORT), PUBLISHED[:3], is_one_report),
    ("nothing but a copy of a report here", lists(tiger=ONE_REPORT), PUBLISHED, says_nothing),
    ("the report is here twice", lists(tiger=ONE_REPORT + "\n" + ONE_REPORT), PUBLISHED[:3], is_not_counted_twice),
]


@pytest.mark.parametrize(("name", "reports", "given", "expected"), WRONG, ids=[row[0] for row in WRONG])
def test_the_answer_is_sober(
    tmp_path: Path, name: str, reports: dict[str, str], given: tuple[str, ...], expected: Callable[[Any], None]
) -> None:
    where = filled(tmp_path, reports)
    found = answer(where, *given)
    expected(found)
    assert leader(found)["probability"] <= 1.0
    spoken = ask(where, *given, as_json=False)
    assert spoken.return_value in (ExitCode.DONE, ExitCode.NOTHING)
    assert ("There is not enough to say" in spoken.stdout) is found["abstains"]


def filled(tmp_path: Path, reports: Mapping[str, str], source: str = "maltrail") -> Settings:
    folder = tmp_path / source
    folder.mkdir()
    for name, text in reports.items():
        (folder / f"apt_{name}.txt").write_text(text, encoding="utf-8")
    where = Settings(workspace=tmp_path / "workspace", cache=tmp_path / "cache")
    add_paths(where, [folder], Told(source=source))
    return where


def test_copies_by_five_feeds_add_nothing_to_what_one_says(tmp_path: Path) -> None:
    where = filled(tmp_path, lists(tiger=ONE_REPORT))
    before = probabilities(answer(where, *PUBLISHED[:3]))
    for feed in range(5):
        folder = tmp_path / f"feed-{feed}"
        folder.mkdir()
        (folder / "apt_tiger.txt").write_text(f"{ONE_REPORT}# copied by feed {feed}\n", encoding="utf-8")
        add_paths(where, [folder], Told(source=f"feed-{feed}"))
    assert probabilities(answer(where, *PUBLISHED[:3])) == before


def test_what_anybody_could_have_copied_is_said_to_be_so(tmp_path: Path) -> None:
    where = filled(tmp_path, lists(tiger=a_list("tiger", 40) + "\n" + ONE_REPORT))
    spoken = " ".join(ask(where, *PUBLISHED[:3], as_json=False).stdout.split())
    assert "all that is shared with the first stands in one report" in spoken
    assert "If what is shared were planted or chance," in spoken


@pytest.mark.parametrize("grade", ["nobody-knows-them"])
def test_a_source_of_grade_f_alone_gives_no_name_however_much_is_shared(tmp_path: Path, grade: str) -> None:
    where = filled(tmp_path, {name: a_list(name, 40) for name in NAMES}, source=grade)
    asked = [f"kitten-service-{at}.com" for at in range(3)]
    found = answer(where, *asked)
    assert found["abstains"]
    assert "weak-sources" in found["reasons"]
    assert json.dumps(found)
