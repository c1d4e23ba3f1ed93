"""Read, validate and store the ATT&CK Enterprise bundle, beside OASIS's validator and OASIS's schemas alone.

Usage: CONSILIENCE_PEERS=PEERS/bin/python python bench/exchange/stix_ingest.py

The peer runs in the interpreter that ``CONSILIENCE_PEERS`` names (it needs stix2-validator==3.2.0), else in this one,
on every fiftieth object: all of them would take it two minutes. Times are processor seconds within one process, imports
and the compiling of schemas left out for all, the least of three runs. The file is of STIX 2.0; each object is given
what 2.1 demands beside it.
"""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jsonschema_rs
import msgspec

from consilience.app.garbage_collection import without_collector
from consilience.app.settings import settings
from consilience.app.use_cases import add_paths
from consilience.app.validating import check_pattern, object_problems
from consilience.formats.stix.validation import find_problems
from processes import DATA, Row

GOAL: Final = 20_000
_EVERY: Final = 50
_PEER: Final = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore")
import stix2validator
logging.disable(logging.CRITICAL)
objects = json.load(open(sys.argv[1]))
options = stix2validator.ValidationOptions(version="2.1")
stix2validator.validate_instance(objects[0], options)
start = time.process_time()
wrong = sum(not stix2validator.validate_instance(each, options).is_valid for each in objects)
print(time.process_time() - start, wrong)
"""


class _Bundle(msgspec.Struct):
    objects: list[msgspec.Raw]


def attack() -> list[dict[str, Any]]:
    """Return the objects of ATT&CK Enterprise 18.1 as STIX 2.1."""
    packed = DATA / "attack" / "enterprise-attack-18.1.json.xz"
    objects: list[dict[str, Any]] = json.loads(lzma.decompress(packed.read_bytes()))["objects"]
    for each in objects:
        each["spec_version"] = "2.1"
        if each["type"] == "malware":
            each["is_family"] = True
    return objects


def _least(work: Callable[[], object], times: int = 3) -> float:
    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(times))


def _schemas(folder: Traversable) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in folder.iterdir():
        if each.is_dir():
            found |= _schemas(each)
        elif each.name.endswith(".json"):
            found[each.name.removesuffix(".json")] = json.loads(each.read_text("utf-8"))
    return found


def _oasis_schemas(objects: list[dict[str, Any]]) -> float:
    """Return the seconds in which OASIS's own schemas, compiled by jsonschema-rs, check the objects."""
    schemas = _schemas(files("stix2validator") / "schemas-2.1" / "schemas")
    registry = jsonschema_rs.Registry([(each["$id"], each) for each in schemas.values()])
    names = {each["type"] for each in objects}
    checks = {
        name: jsonschema_rs.Draft202012Validator(
            {"$ref": schemas.get(name, schemas["core"])["$id"]}, registry=registry, validate_formats=True
        ).is_valid
        for name in names
    }
    return _least(lambda: [checks[each["type"]](each) for each in objects])


def _peer(objects: list[dict[str, Any]], folder: Path) -> float:
    sample = folder / "sample.json"
    sample.write_text(json.dumps(objects))
    peer = os.environ.get("CONSILIENCE_PEERS", sys.executable)
    ran = subprocess.run([peer, "-c", _PEER, str(sample)], capture_output=True, text=True, check=True)
    seconds, wrong = ran.stdout.split()[-2:]
    if wrong != "0":
        raise RuntimeError(f"OASIS's validator finds {wrong} objects of ATT&CK wrong")
    return float(seconds)


def _read_validate_store(bundle: Path, folder: Path) -> float:
    """Return the least seconds from the file to the committed workspace, with every object checked on the way."""
    runs = iter(range(3))

    def once() -> None:
        data = bundle.read_bytes()
        with without_collector():
            for each in msgspec.json.decode(data, type=_Bundle).objects:
                if object_problems(bytes(each)):
                    raise RuntimeError("an object of ATT&CK is found wrong")
        report = add_paths(settings(folder / f"workspace-{next(runs)}", folder / "cache"), [bundle])
        if report.lost or not report.rows[0].objects:
            raise RuntimeError("the bundle was not taken")

    return _least(once)


def run() -> list[Row]:
    """Measure all in turn."""
    if not (DATA / "attack").exists():
        return [Row("STIX read, validate, store", "not measured: shared/data/attack is not there", "", None)]
    objects = attack()
    total = len(objects)
    raw = [msgspec.json.encode(each) for each in objects]
    if any(find_problems(each, check_pattern) for each in objects):
        raise RuntimeError("an object of ATT&CK is found wrong")
    with without_collector():
        validated = _least(lambda: [find_problems(each, check_pattern) for each in objects])
        decoded = _least(lambda: [object_problems(each) for each in raw])
        schemas = _oasis_schemas(objects)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = folder / "attack.json"
        bundle.write_text(json.dumps({"type": "bundle", "id": "bundle--" + objects[0]["id"][-36:], "objects": objects}))
        stored = _read_validate_store(bundle, folder)
        sample = objects[::_EVERY]
        peer = _peer(sample, folder)
    rate, peer_rate = total / stored, len(sample) / peer
    return [
        Row(
            f"ATT&CK Enterprise 18.1, {total:,} objects: read, validate, store, objects per CPU-second",
            f"{rate:,.0f}",
            f"≥ {GOAL:,}",
            rate >= GOAL,
        ),
        Row(
            "the same objects: JSON text checked by all rules, objects per CPU-second : stix2-validator 3.2.0",
            f"{total / decoded:,.0f} : {peer_rate:,.0f} = {total / decoded / peer_rate:,.0f} times",
            "",
            None,
        ),
        Row(
            "decoded objects: all rules : OASIS's schemas alone through jsonschema-rs, objects per CPU-second",
            f"{total / validated:,.0f} : {total / schemas:,.0f}",
            "",
            None,
        ),
    ]


if __name__ == "__main__":
    for row in run():
        print(f"| {row.what} | {row.figure} | {row.goal} |")
