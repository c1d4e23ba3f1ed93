"""Write docs/calibration.md with its picture and the record that a dossier cites, from Maltrail's lists.

Usage: python bench/accuracy/calibration_page.py [LISTS] [--to 2026] [--out PAGE]

The cases and dates are those of ``indicators.py`` (frozen split, ``splits.py``), the weights are the shipped ones, and
the page is made by what ``consilience calibrate`` runs on a workspace. With ``--out`` the pages are written there, in
both languages, and neither docs/ nor the record is touched: for other lists.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import indicators
import splits

from consilience.app.calibrating import record_of_reports, write_pages
from consilience.attribution.reliability import Calibration
from consilience.knowledge.indicator_model import read_indicator_model
from consilience.knowledge.settled_record import SettledRecord
from consilience.report.calibration_page import render_html, render_markdown, render_picture, summary
from processes import ROOT

PAGE = ROOT / "docs" / "calibration.md"
RECORD = ROOT / "src" / "consilience" / "knowledge" / "data" / "settled_record.toml"
NAME = "Maltrail’s lists of groups, 2026-01-03"


def record_toml(record: SettledRecord) -> Iterator[str]:
    """Yield the lines of the shipped record; JSON writes texts and numbers as TOML does."""
    yield "# How often claims of each strength were right on settled cases; made by"
    yield "# `python bench/accuracy/calibration_page.py`, not by hand; docs/decisions/0020."
    yield ""
    yield f"data = {json.dumps(record.data, ensure_ascii=False)}"
    yield f"first-year = {record.first_year}"
    yield f"last-year = {record.last_year}"
    for row in record.row:
        yield ""
        yield "[[row]]"
        yield f"band = {json.dumps(row.band)}"
        yield from (f"{name} = {getattr(row, name)}" for name in ("low", "high", "right", "of"))


def write_docs(found: Calibration) -> None:
    """Write the page of the documentation, the same as one HTML file, its picture, and the shipped record."""
    PAGE.write_text(render_markdown(found, "en", "calibration.svg"), encoding="utf-8")
    PAGE.with_suffix(".html").write_text(render_html(found, "en"), encoding="utf-8")
    PAGE.with_suffix(".svg").write_text(render_picture(found, "en"), encoding="utf-8")
    RECORD.write_text("\n".join(record_toml(found.record)) + "\n", encoding="utf-8")


def main() -> None:
    """Answer all cases before the end and write what that makes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="?", type=Path, default=splits.PACKED, help="archive or folder of lists")
    parser.add_argument("--to", dest="end", type=int, default=splits.TEST_UNTIL, help="year after the last one")
    parser.add_argument("--out", type=Path, help="page to write instead of docs/")
    given = parser.parse_args()
    if not given.lists.exists():
        parser.exit(1, "not made: shared/data/maltrail is not there\n")
    material = indicators.material(given.lists, splits.LEARN_UNTIL, given.end)
    end = date(given.end, 1, 1).toordinal()
    reports = [each for each in material.known if each.last < end]
    own = given.lists == splits.PACKED
    found = record_of_reports(reports, read_indicator_model(), NAME if own else given.lists.name)
    if found is None:
        parser.exit(3, "not made: no settled case has an answer\n")
    if given.out:
        write_pages(found, given.out)
    elif own:
        write_docs(found)
    else:
        parser.exit(2, "other lists need --out: docs/ is about Maltrail's\n")
    for line in summary(found, "en"):
        print(line)


if __name__ == "__main__":
    main()
