"""Many clients at once: 64 pull and 8 push for a minute; nothing may fail, get lost or come twice.

Usage::

    python bench/exchange/taxii_load.py [--seconds 60]

One server process over SQLite; the clients are one more process on the same machine, so that latencies hold the
client's own waiting for a core. A puller reads the collection by ``next`` to its end and then asks for what came after,
ten times a second. A pusher adds 20 objects in a request and notes them when they are acknowledged. In the end every
puller reads what is left, and must have seen each acknowledged object exactly once, in the order of addition.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx
import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from taxii_crawl import TAXII, Served, ours, started
from taxii_objects import ACCOUNT, PASSWORD, furnish, objects

from processes import Row

PULLERS: Final = 64
PUSHERS: Final = 8
SECONDS: Final = 60.0
HELD: Final = 2_000
PER_REQUEST: Final = 20
PAGE: Final = 100
_NUMBER: Final = re.compile(rb'"name": ?"indicator (\d+)"')


class Tally:
    """What all clients saw."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.acknowledged: set[int] = set(range(HELD))
        self.pulls: list[float] = []
        self.pushes: list[float] = []


async def _timed(request: httpx.Request, client: httpx.AsyncClient, times: list[float], tally: Tally) -> httpx.Response:
    before = time.perf_counter()
    response = await client.send(request)
    times.append(time.perf_counter() - before)
    if response.status_code not in (200, 202):
        tally.errors.append(f"{request.method} {response.status_code}")
    return response


async def pull(client: httpx.AsyncClient, path: str, tally: Tally, stop: asyncio.Event) -> list[int]:
    """Return the numbers of all objects in the order in which they came."""
    seen: list[int] = []
    position = last = ""
    while True:
        ending = stop.is_set()
        request = client.build_request("GET", f"{path}objects/?limit={PAGE}{position}")
        response = await _timed(request, client, tally.pulls, tally)
        found = [int(number) for number in _NUMBER.findall(response.content)]
        seen += found
        last = response.headers.get("X-TAXII-Date-Added-Last", last)
        cursor = msgspec.json.decode(response.content).get("next", "")
        position = f"&next={cursor}" if cursor else f"&added_after={last}"
        if not cursor:
            if ending:
                return seen
            await asyncio.sleep(0.1)


async def push(client: httpx.AsyncClient, path: str, first: int, tally: Tally, stop: asyncio.Event) -> None:
    """Add objects numbered from ``first`` until told to stop."""
    start = first
    while not stop.is_set():
        many = list(objects(PER_REQUEST, seed=11, start=start))
        request = client.build_request(
            "POST", f"{path}objects/", content=msgspec.json.encode({"objects": many}), headers={"Content-Type": TAXII}
        )
        response = await _timed(request, client, tally.pushes, tally)
        status = msgspec.json.decode(response.content)
        if status.get("success_count") == PER_REQUEST:
            tally.acknowledged |= set(range(start, start + PER_REQUEST))
        else:
            tally.errors.append(f"added {status.get('success_count')} of {PER_REQUEST}")
        start += PER_REQUEST
        await asyncio.sleep(0.05)


async def load(server: Served, seconds: float) -> tuple[Tally, int, int]:
    """Return what was seen, and over all pullers how many objects were lost and how many came twice."""
    tally = Tally()
    stop = asyncio.Event()
    pullers_stop = asyncio.Event()
    limits = httpx.Limits(max_connections=PULLERS + PUSHERS, max_keepalive_connections=PULLERS + PUSHERS)
    async with httpx.AsyncClient(
        base_url=server.address,
        auth=(ACCOUNT, PASSWORD),
        headers={"Accept": TAXII},
        trust_env=False,
        timeout=60,
        limits=limits,
    ) as client:
        pullers = [asyncio.create_task(pull(client, server.path, tally, pullers_stop)) for _ in range(PULLERS)]
        pushers = [
            asyncio.create_task(push(client, server.path, 10**6 * (1 + number), tally, stop))
            for number in range(PUSHERS)
        ]
        await asyncio.sleep(seconds)
        stop.set()
        await asyncio.gather(*pushers)
        pullers_stop.set()
        seen = await asyncio.gather(*pullers)
    lost = sum(len(tally.acknowledged - set(numbers)) for numbers in seen)
    doubled = sum(len(numbers) - len(set(numbers)) for numbers in seen)
    if len({tuple(numbers) for numbers in seen}) != 1:
        tally.errors.append("two pullers saw another order")
    return tally, lost, doubled


def _percentile(times: list[float], share: float) -> str:
    ordered = sorted(times)
    return f"{ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1e3:.0f}"


def run(seconds: float = SECONDS) -> list[Row]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        path = furnish(workspace, HELD)
        with started(ours(workspace), path) as server:
            before = server.memory()
            tally, lost, doubled = asyncio.run(load(server, seconds))
            memory = server.memory()
            processor = server.processor_seconds()
    what = f"TAXII, {PULLERS} pullers and {PUSHERS} pushers for {seconds:.0f} s"
    clean = not (tally.errors or lost or doubled)
    outcome = f"{len(tally.errors)} errors, {lost} lost, {doubled} doubled"
    work = f"{len(tally.pulls):,} pages, {len(tally.pushes):,} additions of {PER_REQUEST}"
    return [
        Row(f"{what}: {work}", outcome + (f" ({tally.errors[0]})" if tally.errors else ""), "none", clean),
        Row("a page, p50 / p99", f"{_percentile(tally.pulls, 0.5)} / {_percentile(tally.pulls, 0.99)} ms", "", None),
        Row(
            "an addition, p50 / p99",
            f"{_percentile(tally.pushes, 0.5)} / {_percentile(tally.pushes, 0.99)} ms",
            "",
            None,
        ),
        Row("the server meanwhile", f"{processor:.1f} CPU-seconds, {before:.0f} → {memory:.0f} MB", "", None),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    for row in run(parser.parse_args().seconds):
        met = "" if row.met is None else "yes" if row.met else "no"
        print(f"| {row.what} | {row.figure} | {row.goal} | {met} |")


if __name__ == "__main__":
    main()
