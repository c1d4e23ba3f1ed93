"""STIX patterns: 10,000 matched with 100,000 observations, beside stix2-patterns and stix2-matcher in the same run.

Usage: CONSILIENCE_PEERS=PEERS/bin/python python bench/exchange/patterns.py

The peers run in the interpreter that ``CONSILIENCE_PEERS`` names (it needs stix2-matcher), else in this one.
Observations are invented: one address, domain or file hash each. Half of the patterns name a value that was observed.
stix2-matcher reads all observations anew for every pattern, so it gets :data:`SAMPLE_PATTERNS` patterns and
:data:`SAMPLE_OBSERVATIONS` observations, and its time for all is that, times the patterns and times the observations:
an extrapolation. That it grows with both is measured by doubling each. Times are processor seconds, the least of
:data:`REPEATS` runs in one process each.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.formats.context import ReadContext
from consilience.formats.stix_pattern.documents import stix_objects
from consilience.formats.stix_pattern.evaluation import Matcher
from consilience.formats.stix_pattern.objects import observations_of
from consilience.formats.stix_pattern.parser import parse
from processes import Row

PATTERNS: Final = 10_000
OBSERVATIONS: Final = 100_000
OTHERS: Final = 100
SAMPLE_PATTERNS: Final = 10
SAMPLE_OBSERVATIONS: Final = 500
REPEATS: Final = 3
GOAL: Final = 5.0

_PEER: Final = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from stix2patterns.v21.pattern import Pattern
from stix2matcher.matcher import match
bundle, patterns, sample_patterns, sample_observations = json.load(open(sys.argv[1])), *json.load(open(sys.argv[2]))
def least(work):
    times = []
    for _ in range(int(sys.argv[3])):
        start = time.process_time(); work(); times.append(time.process_time() - start)
    return min(times)
def matched(count, observations):
    part = {**bundle, "objects": bundle["objects"][: 2 * observations]}
    return sum(bool(match(each, [part], stix_version="2.1")) for each in patterns[:count])
Pattern(patterns[0])
print(json.dumps({
    "parse": least(lambda: [Pattern(each) for each in patterns[:1000]]) / 1000,
    "match": least(lambda: matched(sample_patterns, sample_observations)),
    "twice the patterns": least(lambda: matched(2 * sample_patterns, sample_observations)),
    "twice the observations": least(lambda: matched(sample_patterns, 2 * sample_observations)),
    "found": matched(2 * sample_patterns, 2 * sample_observations),
}))
"""

_Result = TypeVar("_Result")


def _object(number: int) -> dict[str, Any]:
    match number % 3:
        case 0:
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            return {"type": "ipv4-addr", "id": f"ipv4-addr--{number}", "value": address}
        case 1:
            return {"type": "domain-name", "id": f"domain-name--{number}", "value": f"host-{number}.example"}
    return {"type": "file", "id": f"file--{number}", "hashes": {"SHA-256": f"{number:064x}"}}


def _equality(number: int) -> str:
    seen = _object(number)
    if seen["type"] == "file":
        return f"[file:hashes.'SHA-256' = '{seen['hashes']['SHA-256']}']"
    return f"[{seen['type']}:value = '{seen['value']}']"


def bundle(observations: int) -> dict[str, Any]:
    """Return a bundle in which each observed data is followed by its object."""
    objects: list[dict[str, Any]] = []
    for number in range(observations):
        seen = _object(number)
        minute = number * 7919 % (28 * 24 * 60)  # spread over four weeks, the same on every run
        moment = f"2026-01-{minute // 1440 + 1:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z"
        observed = {
            "type": "observed-data",
            "spec_version": "2.1",
            "id": f"observed-data--{number}",
            "first_observed": moment,
            "last_observed": moment,
            "number_observed": 1,
            "object_refs": [seen["id"]],
        }
        objects += [observed, seen]
    return {"type": "bundle", "id": "bundle--1", "objects": objects}


def _least(work: Callable[[], _Result], times: int = REPEATS) -> tuple[float, _Result]:
    spent: list[float] = []
    for _ in range(times):
        start = time.process_time()
        result = work()
        spent.append(time.process_time() - start)
    return min(spent), result


def _others() -> dict[str, list[str]]:
    """Return patterns that no look-up can answer."""
    day = "t'2026-01-{:02d}T00:00:00Z'"
    return {
        "LIKE": [f"[domain-name:value LIKE '%-{number}%.example']" for number in range(OTHERS)],
        "MATCHES": [f"[domain-name:value MATCHES '^host-{number}[0-9]+[.]']" for number in range(OTHERS)],
        "ISSUBSET": [f"[ipv4-addr:value ISSUBSET '10.1.{number}.0/24']" for number in range(OTHERS)],
        "START STOP": [
            f"[ipv4-addr:value = '10.0.0.{number}'] START {day.format(1)} STOP {day.format(28)}"
            for number in range(OTHERS)
        ],
        "FOLLOWEDBY, REPEATS, WITHIN": [
            f"([domain-name:value LIKE '%-{number}%'] REPEATS 3 TIMES FOLLOWEDBY "
            f"[file:hashes.'SHA-256' LIKE '%{number}']) WITHIN 600 SECONDS"
            for number in range(OTHERS)
        ],
    }


def _peer(data: Path, patterns: list[str], folder: Path) -> dict[str, float] | None:
    given = folder / "patterns.json"
    given.write_text(json.dumps([patterns, SAMPLE_PATTERNS, SAMPLE_OBSERVATIONS]))
    python = os.environ.get("CONSILIENCE_PEERS") or sys.executable
    command = [python, "-c", _PEER, str(data), str(given), str(REPEATS)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    answer: dict[str, float] | None = json.loads(ran.stdout) if ran.returncode == 0 else None
    return answer


def run() -> list[Row]:
    """Measure all of it."""
    chance = random.Random(6)
    texts = [_equality(chance.randrange(2 * OBSERVATIONS)) for _ in range(PATTERNS)]
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "bundle.json"
        data.write_text(json.dumps(bundle(OBSERVATIONS)))
        small = Path(name) / "small.json"
        small.write_text(json.dumps(bundle(2 * SAMPLE_OBSERVATIONS)))
        decoded, objects = _least(lambda: stix_objects(data.read_bytes(), ReadContext(name="bundle.json")))
        parsed, patterns = _least(lambda: [parse(text) for text in texts])
        gathered, observations = _least(lambda: observations_of(objects))

        def matched() -> int:
            matcher = Matcher(observations)
            return sum(bool(matcher.every(pattern).observations) for pattern in patterns)

        took, found = _least(matched)
        peer = _peer(small, texts, Path(name))
        if peer:
            small_matcher = Matcher(observations_of(json.loads(small.read_text())["objects"]))
            ours = sum(bool(small_matcher.every(each).observations) for each in patterns[: 2 * SAMPLE_PATTERNS])
            if ours != peer["found"]:
                raise RuntimeError(f"stix2-matcher finds {peer['found']} patterns, we find {ours}")
    total = parsed + gathered + took
    beside = f"; stix2-patterns {peer['parse'] * PATTERNS:.1f} s" if peer else "; peer not installed"
    lines = [
        Row(f"{PATTERNS:,} equality patterns parsed, CPU seconds", f"{parsed:.2f} s{beside}", "", None),
        Row(
            f"{PATTERNS:,} equality patterns against {OBSERVATIONS:,} observations, CPU seconds",
            f"{total:.2f} s ({parsed:.2f} parsing, {gathered:.2f} gathering, {took:.2f} matching; {found:,} match)"
            f"{_beside(peer, total)}; decoding the bundle's {len(objects):,} objects before {decoded:.2f} s",
            f"< {GOAL:.0f} s",
            total < GOAL,
        ),
    ]
    for what, written in _others().items():
        ready = [parse(text) for text in written]

        def others(ready: list[Any] = ready) -> int:
            matcher = Matcher(observations)
            return sum(bool(matcher.every(pattern).observations) for pattern in ready)

        took, found = _least(others)
        figure = f"{took:.2f} s ({found} match)"
        lines.append(Row(f"{OTHERS} patterns with {what} against {OBSERVATIONS:,} observations", figure, "", None))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines.append(Row("peak memory of all this, the bundle as Python objects included", f"{peak:.0f} MB", "", None))
    return lines


def _beside(peer: dict[str, float] | None, ours: float) -> str:
    if peer is None:
        return "; peer not installed"
    every = peer["match"] * (PATTERNS / SAMPLE_PATTERNS) * (OBSERVATIONS / SAMPLE_OBSERVATIONS)
    return (
        f"; stix2-matcher {peer['match']:.2f} s for {SAMPLE_PATTERNS} against {SAMPLE_OBSERVATIONS} "
        f"({peer['twice the patterns']:.2f} s for twice the patterns, {peer['twice the observations']:.2f} s for twice "
        f"the observations), extrapolated {every / 3600:,.1f} h, {every / ours:,.0f} times as long"
    )


if __name__ == "__main__":
    for row in run():
        print(f"| {row.what} | {row.figure} | {row.goal} | {'' if row.met is None else row.met} |")
