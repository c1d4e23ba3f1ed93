"""Measure what docs/benchmarks.md states, and write it there with ``--write``: only the tables that were measured.

Usage: python bench/run.py [--write] [first_minutes] [attack_bundle] [overlap/scaling] ...
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parent))

from processes import ROOT, Row

BENCHMARKS = (
    "first_minutes",
    "attack_bundle",
    "maltrail_lists",
    "overlap/scaling",
    "overlap/engines",
    "overlap/add_report",
    "overlap/null_model",
    "overlap/split_half",
    "overlap/relations",
    "accuracy/indicators",
    "accuracy/attack",
    "accuracy/reports",
    "accuracy/open_set",
    "accuracy/dependence",
    "accuracy/first_answer",
    "reading/documents",
    "reading/observables",
    "reading/names",
    "reading/claims",
    "reading/origins",
    "reading/drift",
    "exchange/stix_ingest",
    "exchange/patterns",
    "exchange/recompute",
    "exchange/taxii_crawl",
    "exchange/taxii_load",
    "exchange/taxii_pull",
    "exchange/misp",
    "exchange/signatures_and_audit",
)
"""The scripts under bench/ that have a ``run() -> list[Row]``."""

PAGE = ROOT / "docs" / "benchmarks.md"


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | measured | goal | met |", "|---|---|---|---|"]
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "**no**"
        lines.append(f"| {row.what} | {row.figure} | {row.goal} | {met} |")
    return "\n".join(lines)


def script(name: str) -> ModuleType:
    """Return the benchmark ``name`` as a module; its folder is searched for what it imports."""
    path = Path(__file__).resolve().parent / f"{name}.py"
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name.replace("/", "_"), path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def written(page: str, name: str, body: str) -> str:
    """Return the page with the table between the marks of ``name`` replaced; raise ``ValueError`` without marks."""
    begin, end = f"<!-- measured {name}: begin -->", f"<!-- measured {name}: end -->"
    if begin not in page or end not in page:
        raise ValueError(f"docs/benchmarks.md has no place for {name}: {begin} and {end}")
    head, rest = page.split(begin)
    return f"{head}{begin}\n{body}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which benchmarks; all where none is named")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    machine = f"{os.cpu_count()} cores, CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    for name in arguments.names or BENCHMARKS:
        body = f"`python bench/run.py {name}` on {machine}\n\n{table(script(name).run())}"
        print(body, end="\n\n", flush=True)
        if arguments.write:
            PAGE.write_text(written(PAGE.read_text("utf-8"), name, body), "utf-8")


if __name__ == "__main__":
    main()
