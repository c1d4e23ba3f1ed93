"""What it takes to prepare a case for a partner, to check the package and weigh it again, and how large it is.

Usage::

    python bench/exchange/recompute.py

Both worked cases, and the Albanian one with its statements many times over (each with another wording, so that all are
kept), to see how it grows. Times are processor seconds of this process, the least of five runs; no peer does this.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app.assessing import canonical_json, gathered
from consilience.app.case_facts import add_documents
from consilience.app.opening_packages import Opened
from consilience.app.settings import settings
from consilience.app.sharing import package_of, prepare
from consilience.app.verifying import State, verify_package
from consilience.exchange.assessment_package import decode, encode
from consilience.exchange.recipient import Recipient
from consilience.exchange.release import release
from consilience.exchange.stix_extension import Centre
from consilience.exchange.trust import Trust
from consilience.formats.case_yaml import read_case
from consilience.knowledge.index import open_knowledge
from consilience.model.dates import PartialDate
from consilience.model.marking import Marking
from consilience.store.workspace import open_workspace
from processes import ROOT, Row

CASES: Final = ("albania-2022", "gamaredon-lazarus-2025")
TIMES: Final = 30
_RUNS: Final = 5
_SENDER: Final = Centre("identity--11111111-1111-4111-8111-111111111111", "CERT Sender")
_TO: Final = Recipient(name="CERT Example", ceiling=Marking.AMBER)

_Found = TypeVar("_Found")


def least(work: Callable[[], _Found]) -> tuple[float, _Found]:
    """Return the least processor seconds of five runs, and what the last gave."""
    found = work()
    seconds = []
    for _ in range(_RUNS):
        start = time.process_time()
        found = work()
        seconds.append(time.process_time() - start)
    return min(seconds), found


def check(data: bytes, workspace: Path) -> bool:
    """Verify a package without any workspace; tell whether it is equal to the byte."""
    from datetime import UTC, datetime

    package = decode(data)
    found = verify_package(
        settings(workspace), Opened("", package, None), Trust(), datetime(2026, 1, 1, tzinfo=UTC), "bench"
    )
    states = {each.point: each.state for each in found.checks}
    return found.is_sound and states["assessment"] is State.PROVEN


def worked(name: str, folder: Path) -> list[Row]:
    """Measure one worked case, its documents read already."""
    where = settings(folder / name)
    case = ROOT / "cases" / name
    seconds, prepared = least(lambda: prepare(where, case, _TO, _SENDER))
    data = encode(prepared.package)
    same = canonical_json(prepared.package.value.assessment) == canonical_json(prepared.own)
    verify, sound = least(lambda: check(data, folder / "none"))
    return [
        Row(f"{name}: gate, weigh anew, package", f"{seconds:.2f} s; {len(data):,} bytes", "", None),
        Row(f"{name}: verify and weigh again, equal to the byte", f"{verify:.2f} s", "equal", sound and same),
    ]


def grown(folder: Path) -> list[Row]:
    """Measure the Albanian case with every statement :data:`TIMES` times over, on as many days."""
    where = settings(folder / "grown")
    path = ROOT / "cases" / CASES[0]
    case = read_case(path)
    with open_workspace(where.workspace) as store:
        found = gathered(store, where, case, add_documents(store, where, case, path))
    statements = {
        made.id: made
        for each in found.material.statements
        for number in range(TIMES)
        for made in [
            msgspec.structs.replace(
                each, quote=f"{each.quote} ({number})", said=PartialDate(f"2022-10-{1 + number % 28:02}"), id=""
            )
        ]
    }
    material = msgspec.structs.replace(found.material, statements=tuple(statements.values()))
    with open_knowledge(where.cache) as known:
        seconds, package = least(lambda: package_of(release(material, _TO).released, known, _SENDER))
    data = encode(package)
    verify, sound = least(lambda: check(data, folder / "none"))
    count = f"{len(statements):,} statements"
    return [
        Row(f"{count}: gate, weigh anew, package", f"{seconds:.2f} s; {len(data):,} bytes", "", None),
        Row(f"{count}: verify and weigh again", f"{verify:.2f} s", "equal", sound),
    ]


def run() -> list[Row]:
    """Return the rows of all cases."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*(row for case in CASES for row in worked(case, folder)), *grown(folder)]


def main() -> None:
    """Print a row a line."""
    for row in run():
        print(f"{row.what:60} {row.figure}")


if __name__ == "__main__":
    main()
