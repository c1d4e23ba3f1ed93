"""Events of MISP read and written per processor second, beside misp-stix and PyMISP on the same event.

Usage: CONSILIENCE_PEERS=PEERS/bin/python python bench/exchange/misp.py

The event is made up: 50 attributes and 10 file objects of four values each. The work is not the same: we read an event
into observations and statements and write an assessment with as many values as an event; misp-stix turns the event into
a STIX 2.1 bundle and its bundle back into an event; PyMISP loads the event into its classes. All start from bytes and
end in bytes or in values. The peers run in the interpreter that ``CONSILIENCE_PEERS`` names (requirements-misp.txt),
else they are not measured. Times are processor seconds, the least of five runs of ten events each, in one process.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app.misp_event import released_event
from consilience.app.settings import settings
from consilience.app.sharing import prepare
from consilience.exchange.misp.event_export import EventTexts, SeenObservable, make_event
from consilience.exchange.recipient import Recipient
from consilience.exchange.stix_extension import Centre
from consilience.formats import misp
from consilience.formats.context import ReadContext
from consilience.model.marking import Marking
from processes import ROOT, Row

_IN_ONE = 10
_RUNS = 5
_CENTRE = Centre("identity--11111111-1111-4111-8111-111111111111", "CERT Bench")
_PEER = """
import io, json, sys, time, warnings
warnings.simplefilter("ignore")
from misp_stix_converter import InternalSTIX2toMISPParser, MISPtoSTIX21Parser
from pymisp import MISPEvent
import stix2
data = open(sys.argv[1], "rb").read()
runs, in_one = int(sys.argv[2]), int(sys.argv[3])
def to_stix():
    parser = MISPtoSTIX21Parser()
    parser.parse_misp_event(json.loads(data))
    return parser.bundle.serialize()
def to_misp():
    parser = InternalSTIX2toMISPParser()
    parser.load_stix_bundle(stix2.parse(bundle, allow_custom=True))
    parser.parse_stix_bundle()
    return parser.misp_event.to_json()
def load():
    event = MISPEvent()
    event.load(data.decode())
    return event
def rate(work):
    least = 1e9
    for _ in range(runs):
        start = time.process_time()
        for _ in range(in_one):
            work()
        least = min(least, time.process_time() - start)
    return in_one / least
bundle = to_stix()
print(json.dumps({"to_stix": rate(to_stix), "to_misp": rate(to_misp), "load": rate(load),
                  "values": len(json.loads(to_misp())["Attribute"]) + sum(
                      len(each["Attribute"]) for each in json.loads(to_misp()).get("Object", []))}))
"""


def synthetic_event() -> bytes:
    """Return the event: 50 addresses of hosts, and 10 file objects with a name and three hashes."""

    def identified(*parts: object) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:bench:{parts}"))

    def attribute(kind: str, value: str, category: str, **more: str) -> dict[str, object]:
        head = {"uuid": identified(kind, value), "type": kind, "value": value, "category": category, "to_ids": True}
        return head | {"timestamp": "1700000000", "distribution": "5", **more}

    def hashed(number: int, name: str) -> str:
        return hashlib.new(name, str(number).encode()).hexdigest()

    hosts = [attribute("domain", f"host{number}.example.com", "Network activity") for number in range(50)]
    files = [
        {
            "uuid": identified("file", number),
            "name": "file",
            "meta-category": "file",
            "template_uuid": "688c46fb-5edb-40a3-8273-1af7923e2215",
            "template_version": "24",
            "timestamp": "1700000000",
            "Attribute": [
                attribute("filename", f"f{number}.exe", "Payload delivery", object_relation="filename"),
                *(
                    attribute(each, hashed(number, each), "Payload delivery", object_relation=each)
                    for each in ("md5", "sha1", "sha256")
                ),
            ],
        }
        for number in range(10)
    ]
    event = {
        "uuid": identified("event"),
        "info": "A made-up event",
        "date": "2026-01-02",
        "timestamp": "1700000000",
        "analysis": "2",
        "threat_level_id": "4",
        "published": True,
        "Orgc": {"name": "CERT Bench", "uuid": identified("organisation")},
        "Tag": [{"name": "tlp:green"}, {"name": 'misp-galaxy:threat-actor="APT32"'}],
        "Attribute": hosts,
        "Object": files,
    }
    return json.dumps({"Event": event}).encode()


def _rate(work: Callable[[], object]) -> float:
    """Return how often ``work`` is done in a processor second."""

    def once() -> float:
        start = time.process_time()
        for _ in range(_IN_ONE):
            work()
        return time.process_time() - start

    return _IN_ONE / min(once() for _ in range(_RUNS))


def _peers(event: bytes) -> dict[str, float]:
    python = os.environ.get("CONSILIENCE_PEERS")
    if not python:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "event.json"
        path.write_bytes(event)
        command = [python, "-c", _PEER, str(path), str(_RUNS), str(_IN_ONE)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"the peers failed: {ran.stderr[-500:]}")
    found = json.loads(ran.stdout.splitlines()[-1])
    return {name: float(value) for name, value in found.items()}


def _ours(event: bytes) -> tuple[float, float, float, int]:
    """Return events read per second, events written without and with the making of the report, and values read."""
    reading = misp.read(event, ReadContext(name="event.json"))
    seen = [SeenObservable(type=each.type, value=each.value, source="bench") for each in reading.observations]
    with tempfile.TemporaryDirectory() as folder:
        to = Recipient(name="CERT Example", ceiling=Marking.AMBER)
        prepared = prepare(settings(Path(folder)), ROOT / "cases" / "albania-2022", to, _CENTRE)
    assessment = prepared.package.value.assessment
    texts = EventTexts(lang="en", report_name="Dossier", report="A report.", notes={"en": "A note."})
    return (
        _rate(lambda: misp.read(event, ReadContext(name="event.json"))),
        _rate(lambda: make_event(assessment, _CENTRE, "identity--there", texts, seen)),
        _rate(lambda: released_event(prepared.package, "en")),
        len(seen),
    )


def run() -> list[Row]:
    """Measure ours and, where they are there, the peers."""
    event = synthetic_event()
    read, written, reported, values = _ours(event)
    peers = _peers(event)

    def beside(ours: float, *names: tuple[str, str]) -> str:
        told = [f"{title}: {peers[name]:,.1f} ({ours / peers[name]:,.0f}×)" for name, title in names if name in peers]
        return "; ".join([f"{ours:,.0f}", *told])

    return [
        Row(
            f"a MISP event of {values} values read, events per CPU second",
            beside(read, ("to_stix", "misp-stix to STIX"), ("load", "PyMISP load")),
            "",
            None,
        ),
        Row(
            f"an assessment with {values} values written as an event, without its report, events per CPU second",
            beside(written, ("to_misp", "misp-stix from STIX")),
            "",
            None,
        ),
        Row(
            "the Albanian case written as an event with its report in Markdown, events per CPU second",
            f"{reported:,.0f}",
            "",
            None,
        ),
        *(
            [
                Row(
                    "values that misp-stix brings back, MISP to STIX to MISP",
                    f"{peers['values']:.0f} of {values}",
                    "",
                    None,
                )
            ]
            if peers
            else []
        ),
    ]


if __name__ == "__main__":
    for row in run():
        print(f"| {row.what} | {row.figure} | {row.goal} | {'' if row.met is None else row.met} |")
