"""How long `consilience attribute` takes: the first time after the workspace changed, the next time, and after start.

Usage: ``python bench/accuracy/first_answer.py``

The workspace holds Maltrail's lists. Whole processes are timed by the wall. "After start" the lists of infrastructure,
the knowledge base and the workspace are open in one process, and every report is read, cut into values and answered:
1,000 reports of the lists as pasted values, and the 144 report texts over and over until there are 1,000.
"""

from __future__ import annotations

import datetime
import shutil
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app.adding import Adder, Told
from consilience.app.attributing import Attribution, answer, given_report, given_values
from consilience.app.filed_reports import by_document
from consilience.app.known_reports import known_reports
from consilience.app.overlap_units import indicators as of_clusters
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.formats.context import Limits
from consilience.knowledge.indicator_model import read_indicator_model
from consilience.knowledge.infrastructure import open_shared_infrastructure
from processes import CONSILIENCE, DATA, Row, measure

LISTS: Final = DATA / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"
TEXTS: Final = DATA / "reports" / "attack-attribution-dev.tar.xz"
TODAY: Final = datetime.date(2026, 1, 3)
REPORTS: Final = 1_000
_QUESTION: Final = ("103.224.182.245", "update-checker-service.com")
_ONE_MORE: Final = "# Reference: https://vendor.example/2025/12/30/report\n\nupdate-of-the-day.com\n45.67.89.10\n"
_PROSE: Final = "The implant spoke to update-checker-service[.]com and to 103.224.182[.]245 over HTTPS.\n"


def run() -> list[Row]:
    """Measure in a folder that is removed at the end."""
    if not LISTS.exists():
        return [Row("first answers", "not measured: shared/data/maltrail is not there", "", None)]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        with tarfile.open(LISTS) as archive:
            archive.extractall(here / "lists", filter="data")
        return [*_processes(here), *_after_start(Settings(workspace=here / "workspace", cache=here / "cache"))]


def _processes(here: Path) -> list[Row]:
    environment = {"CONSILIENCE_CACHE": str(here / "cache"), "CONSILIENCE_WORKSPACE": str(here / "workspace")}
    one_more, report = here / "apt_new.txt", here / "report.txt"
    one_more.write_text(_ONE_MORE, encoding="utf-8")
    report.write_text(_PROSE, encoding="utf-8")

    def wall(*command: str) -> float:
        return measure([*CONSILIENCE, *command], environment, accept=(0, 6)).wall

    added = wall("add", str(here / "lists"))
    first = wall("attribute", *_QUESTION)
    more = wall("add", str(one_more), "--source", "maltrail")
    after_one = wall("attribute", *_QUESTION)
    again = min(wall("attribute", *_QUESTION) for _ in range(3))
    wall("attribute", str(report))  # makes the index of the knowledge base, which every command shares
    text = min(wall("attribute", str(report)) for _ in range(3))
    shutil.rmtree(here / "cache")
    nothing_kept = wall("attribute", *_QUESTION)
    return [
        Row("331 lists added, and made ready to ask: wall", f"{added:.1f} s", "< 15 s", added < 15),
        _seconds("`consilience attribute`, the first time after that", first, 2),
        Row("one report added: wall", f"{more:.1f} s", "", None),
        _seconds("`consilience attribute`, the first time after that", after_one, 2),
        _seconds("the next time", again, 2),
        _seconds("the next time, a report in a file", text, 2),
        Row("the first time with an empty cache: wall", f"{nothing_kept:.1f} s", "", None),
    ]


def _seconds(what: str, found: float, most: float) -> Row:
    return Row(f"{what}: wall", f"{found:.1f} s", f"< {most:g} s", found < most)


def _after_start(where: Settings) -> list[Row]:
    infrastructure, model = open_shared_infrastructure(where.cache), read_indicator_model()
    with existing_workspace(where) as workspace:
        rows, sources = of_clusters(workspace.observations()), workspace.sources()
        known = known_reports(rows, where, infrastructure, model)
        adder = Adder(workspace, where, Limits())
        adder.read(_PROSE.encode(), "first.txt", Told())  # opens the names of the knowledge base

        def of_values(text: str) -> Attribution:
            given = given_values(text.split("\n"), infrastructure)
            return answer(given, known, model, sources, infrastructure, TODAY)

        def of_text(text: str) -> Attribution:
            given = given_report(adder.read(text.encode(), "report.txt", Told()), infrastructure)
            return answer(given, known, model, sources, infrastructure, TODAY)

        against = f"against {len(known.profiles):,} reports of {len(known.profiles.clusters)} clusters"
        values = ["\n".join(own["value"].to_pylist()[:REPORTS]) for _, own in by_document(rows)]
        found = _timed(f"one list {against}", values, of_values)
        if TEXTS.exists():
            found += _timed(f"one report text {against}, its names and claims read", _texts(), of_text)
    return found


def _timed(what: str, texts: Iterable[str], ask: Callable[[str], Attribution]) -> list[Row]:
    """Return median, 99th percentile and sum of the processor time of as many answers as :data:`REPORTS`."""
    times = []
    for text in islice(cycle(texts), REPORTS):
        before = time.process_time()
        ask(text)
        times.append(time.process_time() - before)
    middle, high = statistics.median(times), statistics.quantiles(times, n=100)[-1]
    figure = f"{1000 * middle:.1f}, {1000 * high:.1f} ms"
    return [
        Row(f"{what}: median, 99th percentile (CPU)", figure, "< 200 ms", high < 0.2),
        Row(f"{REPORTS:,} of them (CPU)", f"{sum(times):.1f} s", "< 60 s", sum(times) < 60),
    ]


def _texts() -> list[str]:
    with tarfile.open(TEXTS) as archive:
        members = [each for each in archive.getmembers() if each.isfile() and each.name.endswith(".txt")]
        return [file.read().decode("utf-8", "replace") for each in members if (file := archive.extractfile(each))]


if __name__ == "__main__":
    for row in run():
        print(
            f"{row.what}\n    {row.figure}  {row.goal}{'' if row.met is None else '  met' if row.met else '  MISSED'}"
        )
