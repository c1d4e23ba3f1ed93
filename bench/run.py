"""Measure everything that docs/benchmarks.md states, and write it there with ``--write``.

Usage: python bench/run.py [--write] [attack_bundle] [maltrail_lists] [first_minutes]
"""

from __future__ import annotations

import argparse
import os
import platform
from importlib import import_module

from processes import ROOT, Row

BENCHMARKS = ("first_minutes", "attack_bundle", "maltrail_lists")
PAGE = ROOT / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | measured | goal | met |", "|---|---|---|---|"]
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "**no**"
        lines.append(f"| {row.what} | {row.figure} | {row.goal} | {met} |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which benchmarks; all where none is named")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    sections = []
    for name in arguments.names or BENCHMARKS:
        rows = import_module(name).run()
        sections.append(f"`python bench/run.py {name}`\n\n{table(rows)}")
        print(sections[-1], flush=True)
    if arguments.write:
        machine = (
            f"{os.cpu_count()} cores, CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
        )
        page = PAGE.read_text("utf-8")
        head, rest = page.split(_BEGIN)
        tail = rest.split(_END)[1]
        body = "\n\n".join(sections)
        PAGE.write_text(f"{head}{_BEGIN}\nMeasured on {machine}.\n\n{body}\n{_END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
