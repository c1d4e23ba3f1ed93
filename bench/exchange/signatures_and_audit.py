"""Signing and verifying a bundle of 20 MB beside securesystemslib, and what the audit log costs.

Usage: CONSILIENCE_PEERS=PEERS/bin/python python bench/exchange/signatures_and_audit.py

The peer runs in the interpreter that ``CONSILIENCE_PEERS`` names (it needs securesystemslib with cryptography), else in
this one. Times are processor seconds, the least of five runs in one process each.
"""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app import auditing
from consilience.app.audit_checks import verify_workspace
from consilience.app.settings import settings
from consilience.app.use_cases import add_paths
from consilience.exchange.audit_log import Action, Event, Thing
from consilience.exchange.audit_log_writer import open_log
from consilience.exchange.dsse import decode, encode, sign
from consilience.exchange.signing_keys import make_key
from consilience.exchange.trust import ASSESSMENT, Partner, Trust, TrustedKey, verify
from consilience.store.content_digests import open_content
from processes import CONSILIENCE, DATA, Row, best

SIZE = 20_000_000
ENTRIES = 10_000
_IN_ONE = 1_000
_PEER = """
import json, time, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner
signer, payload, least = CryptoSigner.generate_ed25519(), b"x" * int(sys.argv[1]), 1e9
for _ in range(5):
    start = time.process_time()
    envelope = Envelope(payload, "application/vnd.consilience.assessment+json", {})
    envelope.sign(signer)
    written = json.dumps(envelope.to_dict())
    Envelope.from_dict(json.loads(written)).verify([signer.public_key], 1)
    least = min(least, time.process_time() - start)
print(least)
"""


def _least(work: Callable[[], object], times: int = 5) -> float:
    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(times))


def _round_trip() -> None:
    key, now = make_key(), datetime.now(UTC)
    trust = Trust((Partner(identity="identity--a", name="A", keys=(TrustedKey(public=key.public),)),))
    written = encode(sign(b"x" * SIZE, ASSESSMENT, [key]))
    if not verify(decode(written), trust, now).is_valid:
        raise RuntimeError("our own signature does not verify")


def _signatures() -> list[Row]:
    ours = _least(_round_trip)
    python = os.environ.get("CONSILIENCE_PEERS") or sys.executable
    ran = subprocess.run([python, "-c", _PEER, str(SIZE)], capture_output=True, text=True, check=False)
    peer = f"; securesystemslib {float(ran.stdout):.2f} s" if ran.returncode == 0 else "; peer not installed"
    return [
        Row(
            "20 MB signed, encoded, decoded and verified (DSSE, Ed25519), CPU seconds",
            f"{ours:.2f} s{peer}",
            "< 1 s",
            ours < 1.0,
        )
    ]


def _log() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        where = settings(Path(folder))
        event = Event(action=Action.RECEIVED, author="anna", things=(Thing(kind="bundle", id="f" * 64),))
        start, used = time.perf_counter(), time.process_time()
        for _ in range(_IN_ONE):
            auditing.record_event(where, event)
        alone, alone_cpu = (time.perf_counter() - start) / _IN_ONE, (time.process_time() - used) / _IN_ONE
        with open_log(where.workspace / auditing.FOLDER) as log:
            for _ in range(ENTRIES - _IN_ONE):
                log.append(event, "2026-01-01T00:00:00Z")
        verified = _least(lambda: verify_workspace(where), 3)
    return [
        Row(
            "an entry of the audit log on the disk, from lock to lock (two fsync)",
            f"{alone * 1000:.2f} ms, of it {alone_cpu * 1000:.2f} ms of CPU",
            "",
            None,
        ),
        Row(f"`audit verify` of a log of {ENTRIES:,} entries, CPU seconds", f"{verified:.2f} s", "", None),
    ]


def _store() -> list[Row]:
    packed = DATA / "attack" / "enterprise-attack-18.1.json.xz"
    if not packed.exists():
        return [Row("the audit log of an addition", "not measured: shared/data/attack is not there", "", None)]
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "attack.json"
        bundle.write_bytes(lzma.decompress(packed.read_bytes()))
        where = settings(Path(folder) / "workspace")
        start = time.process_time()
        add_paths(where, [bundle])
        added = time.process_time() - start
        covered = _least(lambda: _cover(where.workspace), 3)
        verified = best([*CONSILIENCE, "--workspace", str(where.workspace), "audit", "verify"], 3)
        size = bundle.stat().st_size / 1e6
    return [
        Row(
            "ATT&CK Enterprise 18.1 added, and of it the digests of its rows for the audit log, CPU seconds",
            f"{added:.2f} s, {covered:.2f} s",
            "",
            None,
        ),
        Row(
            f"`consilience audit verify` of that workspace ({size:.0f} MB raw): whole process",
            f"{verified.cpu:.2f} CPU s, {verified.peak_mb:.0f} MB",
            "",
            None,
        ),
    ]


def _cover(workspace: Path) -> int:
    with open_content(workspace) as content:
        return len(list(content.rows())) if content else 0


def run() -> list[Row]:
    """Measure all of it."""
    return [*_signatures(), *_log(), *_store()]


if __name__ == "__main__":
    for row in run():
        print(f"| {row.what} | {row.figure} | {row.goal} | {'' if row.met is None else row.met} |")
