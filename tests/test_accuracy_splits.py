"""How indicator lists are cut into dated reports, and which of them may be seen, learnt from and tested on."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from conftest import ROOT, shared

sys.path.insert(0, str(ROOT / "bench" / "accuracy"))

import splits

LIST = b"""# Aliases: something

# Reference: https://vendor.example/2021/03/05/first

one-of-the-first.com
two-of-the-first.com

# Reference: https://vendor.example/no-date-here
# Reference: https://mirror.example/same

undated-between.com

# Reference: https://vendor.example/2022/06/second

of-the-second.com

# Reference: https://mirror.example/same

joined-by-the-mirror.com

# Generic trails

in-no-report.com
"""


def days(first: str, last: str) -> tuple[int, int]:
    return date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()


def test_blocks_get_the_dates_of_their_references_or_of_their_neighbours() -> None:
    blocks = splits.blocks_of("apt_thing.txt", LIST)
    assert [(block.days, len(block.values)) for block in blocks] == [
        (days("2021-03-05", "2021-03-05"), 2),
        (days("2021-03-05", "2022-06-30"), 1),
        (days("2022-06-01", "2022-06-30"), 1),
        (None, 1),  # nothing dated follows
    ]


def test_blocks_that_share_a_reference_are_one_report_and_values_in_none_are_left_out() -> None:
    reports = splits.reports_of([("apt_thing.txt", LIST)])
    assert {each.id: tuple(value for _, value in each.values) for each in reports} == {
        "https://vendor.example/2021/03/05/first": ("one-of-the-first.com", "two-of-the-first.com"),
        "https://vendor.example/no-date-here": ("joined-by-the-mirror.com", "undated-between.com"),
        "https://vendor.example/2022/06/second": ("of-the-second.com",),
    }
    undated = next(each for each in reports if each.id.endswith("no-date-here"))
    assert (undated.first, undated.last) == (0, 0)  # one of its parts has no date


def report(group: str, first: str, last: str) -> splits.ListedReport:
    bounds = days(first, last)
    return splits.ListedReport(f"{group} {first}", group, *bounds, (("domain-name", f"{group}.com"),), True)


@pytest.mark.parametrize(
    ("group", "first", "last", "part"),
    [
        ("bear", "2022-12-30", "2022-12-31", "learn"),
        ("bear", "2022-12-31", "2023-01-01", "left out"),  # may lie on either side
        ("bear", "2023-01-01", "2023-01-01", "test"),
        ("bear", "2025-12-31", "2026-01-01", "left out"),
        ("unclassified", "2022-01-01", "2022-01-01", "left out"),  # stands for no group
        ("unclassified", "2024-01-01", "2024-01-01", "nobody"),
    ],
)
def test_parts(group: str, first: str, last: str, part: str) -> None:
    split = splits.split([report(group, first, last)])
    assert {
        "learn": len(split.learn),
        "test": len(split.test),
        "nobody": len(split.nobody),
        "left out": split.left_out,
    } == {
        **dict.fromkeys(("learn", "test", "nobody", "left out"), 0),
        part: 1,
    }


def test_the_digest_tells_splits_apart_and_does_not_depend_on_order() -> None:
    reports = [report("bear", "2021-01-01", "2021-01-01"), report("kitten", "2024-01-01", "2024-01-02")]
    assert splits.split(reports).digest == splits.split(reports[::-1]).digest
    assert splits.split(reports).digest != splits.split(reports[:1]).digest


def test_a_folder_of_lists_reads_as_an_archive_does(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "apt_thing.txt").write_bytes(LIST)
    (tmp_path / "readme.md").write_text("no list")
    assert list(splits.lists(tmp_path)) == [("apt_thing.txt", LIST)]


@pytest.mark.slow
def test_the_shipped_model_was_learnt_on_the_frozen_split() -> None:
    from consilience.knowledge.indicator_model import read_indicator_model

    shared("maltrail", splits.PACKED.name)
    split = splits.split(splits.reports_of(splits.lists()))
    model = read_indicator_model()
    assert split.digest == model.learnt.split
    assert len(split.learn) == model.learnt.reports
    assert max(each.last for each in split.learn) < min(each.first for each in split.test)
    assert model.learnt.before == splits.LEARN_UNTIL
