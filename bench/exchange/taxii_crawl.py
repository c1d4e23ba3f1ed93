"""Crawl a TAXII collection page by page: objects per second of the server's processor time, memory, latency by size.

Usage::

    python -m venv PEERS && PEERS/bin/pip install -r bench/exchange/requirements-peers.txt
    CONSILIENCE_PEERS=PEERS/bin/python python bench/exchange/taxii_crawl.py [--large N] [--without-peers]

Every server is a process of its own, ours over SQLite without rate limits; its processor time is read before and after
a crawl by one client, and the cheapest of :data:`REPEATS` measurements counts. The objects are invented, of 1.6 kB, in
three markings. The peers hold the same objects and are crawled by the same client, once, OpenTAXII (which gives no
``next``) by ``added_after``. medallion's memory backend needs time that grows with the square of the objects and gets
500 of them. Peers run under Werkzeug's server, in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from taxii_objects import ACCOUNT, PASSWORD, furnish, objects

from consilience.exchange.taxii.timestamps import format_timestamp
from processes import Row

COUNT: Final = 10_000
LARGE: Final = 1_000_000
MEDALLION: Final = 500
PAGES: Final = (100, 1_000)
REPEATS: Final = 3
CRAWLS: Final = 5
"""In one measurement, since processor time is counted in hundredths of a second."""

GOAL: Final = 40_000
"""Objects per second of the server's processor time."""

SLOWER: Final = 2.0
"""How much slower a page of the large collection may be."""

SAMPLE: Final = 300
HERE: Final = Path(__file__).resolve().parent
TAXII: Final = "application/taxii+json;version=2.1"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Served(msgspec.Struct, frozen=True):
    """A running server: its process, its address and the path of its collection."""

    pid: int
    address: str
    path: str

    def processor_seconds(self) -> float:
        """Return the processor time that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Return its resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def client(self, encoding: str = "identity") -> httpx.Client:
        """Return a client that is logged in."""
        return httpx.Client(
            base_url=self.address,
            auth=(ACCOUNT, PASSWORD),
            headers={"Accept": TAXII, "Accept-Encoding": encoding},
            trust_env=False,
            timeout=120,
        )


@contextmanager
def started(command: list[str], path: str = "") -> Iterator[Served]:
    """Start a server that prints its address, and perhaps the path of its collection, on its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        if not words:
            raise RuntimeError(f"no server: {' '.join(command)}")
        yield Served(process.pid, words[0], path or words[1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ours(workspace: Path) -> list[str]:
    """Return the command that serves a workspace."""
    return [sys.executable, str(HERE / "taxii_job.py"), str(workspace)]


def crawl(client: httpx.Client, path: str, limit: int) -> int:
    """Read the collection from its beginning to its end; return the number of objects."""
    found, position = 0, ""
    while True:
        response = client.get(f"{path}objects/?limit={limit}{position}")
        response.raise_for_status()
        page = msgspec.json.decode(response.content)
        found += len(page.get("objects", []))
        if not page.get("more"):
            return found
        last = response.headers.get("X-TAXII-Date-Added-Last", "")
        position = f"&next={page['next']}" if "next" in page else f"&added_after={last}"


def rate(
    server: Served, limit: int, count: int, encoding: str = "identity", repeats: int = REPEATS, crawls: int = CRAWLS
) -> float:
    """Return objects per second of the server's processor time, in the cheapest of some measurements."""
    with server.client(encoding) as client:
        client.get(f"{server.path}objects/?limit=1").raise_for_status()  # logs in
        best = 0.0
        for _ in range(repeats):
            before = server.processor_seconds()
            if any(crawl(client, server.path, limit) != count for _ in range(crawls)):
                raise RuntimeError("the crawl did not find every object once")
            best = max(best, count * crawls / max(server.processor_seconds() - before, 1 / _TICKS))
    return best


def page_seconds(server: Served, count: int, limit: int) -> float:
    """Return the median time of a page at a random place of a collection whose dates are 1, 2, … microseconds."""
    rng = random.Random(3)
    times = []
    with server.client() as client:
        for _ in range(SAMPLE):
            place = format_timestamp(rng.randrange(count - limit))
            before = time.perf_counter()
            client.get(f"{server.path}objects/?limit={limit}&added_after={place}").raise_for_status()
            times.append(time.perf_counter() - before)
    return statistics.median(times)


def our_rows(folder: Path, large: int) -> tuple[list[Row], dict[int, float]]:
    """Measure our server; return the rows and the rate without compression by size of page."""
    rows = []
    rates: dict[int, float] = {}
    workspace = folder / "workspace"
    path = furnish(workspace, COUNT)
    small: dict[int, float] = {}
    with started(ours(workspace), path) as server:
        for limit in PAGES:
            for encoding in ("identity", "gzip"):
                found = rate(server, limit, COUNT, encoding)
                rates.setdefault(limit, found)
                what = f"TAXII crawl of {COUNT:,} objects, pages of {limit:,}" + (
                    ", gzip" if encoding == "gzip" else ""
                )
                rows.append(_row(what, found, GOAL if encoding == "identity" else 0))
            small[limit] = page_seconds(server, COUNT, limit)
        before = server.memory()
        rate(server, PAGES[-1], COUNT, repeats=10, crawls=1)
        after = server.memory()
        rows.append(
            Row("memory of the server, ten crawls on", f"{before:.0f} → {after:.0f} MB", "flat", after < before + 10)
        )
    if large:
        workspace = folder / "large"
        path = furnish(workspace, large)
        with started(ours(workspace), path) as server:
            for limit in PAGES:
                slower = page_seconds(server, large, limit) / small[limit]
                what = f"page of {limit:,} at a random place, {large:,} objects against {COUNT:,}"
                figure = f"{small[limit] * slower * 1e3:.1f} against {small[limit] * 1e3:.1f} ms ({slower:.2f}×)"
                rows.append(Row(what, figure, f"within {SLOWER:.0f}×", slower <= SLOWER))
            rows.append(Row(f"memory of the server, {large:,} objects", f"{server.memory():.0f} MB", "", None))
    return rows, rates


def _row(what: str, found: float, goal: int) -> Row:
    figure = f"{found:,.0f} objects per CPU-second"
    return Row(what, figure, f"{goal:,}" if goal else "", found >= goal if goal else None)


def peer_rows(folder: Path, python: str, rates: dict[int, float]) -> list[Row]:
    """Measure the peers, as far as they can, beside our rates of the same run."""
    rows = []
    for peer, count in (("opentaxii", COUNT), ("medallion", MEDALLION)):
        place = folder / peer
        place.mkdir()
        (place / "objects.json").write_text(json.dumps(list(objects(count))))
        for limit in PAGES:
            what = f"{peer}: crawl of {count:,} objects, pages of {limit:,}"
            try:
                with started([python, str(HERE / "peer_servers.py"), peer, str(place)]) as server:
                    found = rate(server, limit, count, repeats=1, crawls=1)
                figure = f"{found:,.0f} objects per CPU-second; ours {rates[limit] / found:,.0f}× as many"
                rows.append(Row(what, figure, "", None))
            except (httpx.HTTPError, RuntimeError) as error:
                rows.append(Row(what, f"no whole crawl: {type(error).__name__}: {error}"[:120], "", None))
            for database in place.glob("*.db"):
                database.unlink()
    return rows


def run(large: int = LARGE, peers: str | None = None) -> list[Row]:
    """Measure everything."""
    python = os.environ.get("CONSILIENCE_PEERS", "") if peers is None else peers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, rates = our_rows(folder, large)
        return [*rows, *(peer_rows(folder, python, rates) if python else [])]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=LARGE, help="objects of the large collection; 0 leaves it out")
    parser.add_argument("--without-peers", action="store_true")
    arguments = parser.parse_args()
    for row in run(arguments.large, "" if arguments.without_peers else None):
        met = "" if row.met is None else "yes" if row.met else "no"
        print(f"| {row.what} | {row.figure} | {row.goal} | {met} |")


if __name__ == "__main__":
    main()
