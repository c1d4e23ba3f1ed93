"""Precision and recall of observables in vendors' reports, beside ioc-finder, iocextract and iocsearcher.

Usage::

    python -m venv PEERS && PEERS/bin/pip install -r bench/reading/requirements-peers.txt
    CONSILIENCE_PEERS=PEERS/bin/python python bench/reading/observables.py [--misses] [--set NAME]

The reports are those under ``../shared/data/reports``; ``annotations/*.json`` hold, for each annotated report, the
SHA-256 of its text and the values with their places, by the rules of ``docs/annotation-guide.md``. A text whose hash
differs is not scored. A value counts once per report and type; found is what has the same normal form. The texts are
lower-cased and many of their addresses were taken out by whoever made the set: wallets and other values whose letter
case counts are measured apart, on checksum-valid values in a text made for it (``synthetic_values.py``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parent))

from synthetic_values import synthetic

from consilience.extract.observables import ALL_TYPES, find_observables
from consilience.knowledge.observable_syntax import normalise, refang
from consilience.model.observable import ObservableType
from processes import DATA, Row

ARCHIVE: Final = DATA / "reports" / "attack-attribution-dev.tar.xz"
ANNOTATIONS: Final = Path(__file__).resolve().parent / "annotations"
PEERS: Final = ("ioc-finder", "iocextract", "iocsearcher")
_WIDE: Final = {
    "cve", "domain-name", "email-addr", "ipv4-addr", "ipv6-addr", "network", "url", "md5", "sha1", "sha256",
    "attack-pattern", "btc-wallet", "xmr-wallet", "windows-registry-key",
}  # fmt: skip
SUPPORTED: Final = {
    "ioc-finder": frozenset(
        _WIDE | {"autonomous-system", "file-path", "sha512", "ssdeep", "user-agent", "imphash"},
    ),
    "iocextract": frozenset({"email-addr", "ipv4-addr", "ipv6-addr", "url", "md5", "sha1", "sha256", "sha512"}),
    "iocsearcher": frozenset(
        _WIDE
        | {f"{coin}-wallet" for coin in ("bch", "ada", "dash", "doge", "eth", "ltc", "xrp", "sol", "xtz", "trx", "zec")}
    ),
}
"""The types that each peer has; it is scored on those alone."""

Values = set[tuple[str, str]]


class Place(msgspec.Struct, frozen=True):
    """An annotated value: code points of the text, type, normal form."""

    start: int
    end: int
    type: str
    value: str


class Report(msgspec.Struct, frozen=True):
    """The annotation of one report; the text itself is not kept."""

    report: str
    sha256: str
    values: list[Place]


class Counts(msgspec.Struct):
    """Values that were found and right, found and wrong, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, found: Values, gold: Values) -> None:
        """Count one report."""
        self.right += len(found & gold)
        self.wrong += len(found - gold)
        self.missed += len(gold - found)

    def figure(self) -> str:
        """Return precision, recall and F1 as text."""
        return f"P {self.precision:.3f}, R {self.recall:.3f}, F1 {self.f1:.3f}"

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of what is there that was found."""
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def annotated(name: str) -> list[tuple[Report, str]]:
    """Return the annotations of set ``name`` with the texts, which must have the hashes that were annotated."""
    reports = msgspec.convert(json.loads((ANNOTATIONS / f"{name}.json").read_text("utf-8"))["reports"], list[Report])
    texts = {each.sha256: "" for each in reports}
    for text in all_texts():
        digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
        if digest in texts:
            texts[digest] = text
    gone = [each.report for each in reports if not texts[each.sha256]]
    if gone:
        raise FileNotFoundError(f"no text with the annotated hash: {', '.join(gone)}")
    return [(each, texts[each.sha256]) for each in reports]


def all_texts() -> list[str]:
    """Return the texts of all reports."""
    with tarfile.open(ARCHIVE) as archive:
        files = [archive.extractfile(member) for member in archive.getmembers() if member.name.endswith(".txt")]
        return [each.read().decode("utf-8") for each in files if each is not None]


def normal(kind: str, value: str) -> tuple[str, str]:
    """Return a peer's value in our normal form, so that spelling alone makes no difference; else as it stands."""
    try:
        return kind, normalise(ObservableType(kind), refang(value))
    except ValueError:
        return kind, value


def ours(texts: Iterable[str]) -> list[Values]:
    """Return what Consilience finds in each text."""
    return [
        {(each.observable.type.value, each.observable.value) for each in find_observables(t, (), ALL_TYPES)}
        for t in texts
    ]


def peer(name: str, texts: list[str]) -> tuple[list[Values], float]:
    """Return what a peer finds in each text, and its seconds of processor time for all."""
    python = os.environ.get("CONSILIENCE_PEERS", sys.executable)
    script = str(Path(__file__).resolve().parent / "peer_extractors.py")
    ran = subprocess.run([python, script, name], input=json.dumps(texts).encode(), capture_output=True, check=True)
    answer = json.loads(ran.stdout)
    return [{normal(kind, value) for kind, value, _ in each} for each in answer["values"]], answer["seconds"]


def score(found: list[Values], gold: list[Values], types: frozenset[str]) -> tuple[Counts, dict[str, Counts]]:
    """Return the counts over ``types``, together and by type."""
    together, by_type = Counts(), {kind: Counts() for kind in types}
    for has, is_there in zip(found, gold, strict=True):
        for kind in types:
            parts = {each for each in has if each[0] == kind}, {each for each in is_there if each[0] == kind}
            together.add(*parts)
            by_type[kind].add(*parts)
    return together, by_type


def places_right(reports: list[tuple[Report, str]]) -> tuple[int, int]:
    """Return how many annotated places of values that we find are found exactly, and how many there are."""
    exact = there = 0
    for report, text in reports:
        found = find_observables(text, (), ALL_TYPES)
        spans = {(each.start, each.end, each.observable.type.value, each.observable.value) for each in found}
        values = {span[2:] for span in spans}
        for place in report.values:
            if (place.type, place.value) in values:
                there += 1
                exact += (place.start, place.end, place.type, place.value) in spans
    return exact, there


def speed(texts: list[str]) -> float:
    """Return megabytes of text per second of processor time, the best of three runs over all texts as one."""
    text = "\n".join(texts)
    find_observables("evil.example.com", (), ALL_TYPES)
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        find_observables(text, (), ALL_TYPES)
        seconds.append(time.process_time() - begin)
    return len(text.encode("utf-8")) / min(seconds) / 1e6


def rows_of(name: str, texts: list[str], gold: list[Values]) -> list[Row]:
    """Score Consilience and the peers on one set; the goal is to be ahead of each peer on the types it has."""
    mine = ours(texts)
    types = frozenset(kind for each in gold for kind, _ in each)
    together, by_type = score(mine, gold, types)
    rows = [Row(f"{name}: Consilience, {len(types)} types, {sum(map(len, gold))} values", together.figure(), "", None)]
    for kind in sorted(types):
        counts = by_type[kind]
        rows.append(Row(f"{name}: {kind} ({counts.right + counts.missed})", counts.figure(), "", None))
    megabytes = sum(len(text.encode("utf-8")) for text in texts) / 1e6
    for other in PEERS:
        found, seconds = peer(other, texts)
        if not types & SUPPORTED[other]:
            rows.append(Row(f"{name}: {other}", "has none of these types", "", None))
            continue
        theirs, theirs_by_type = score(found, gold, types & SUPPORTED[other])
        same, same_by_type = score(mine, gold, types & SUPPORTED[other])
        behind = [kind for kind, counts in theirs_by_type.items() if counts.f1 > same_by_type[kind].f1]
        figure = (
            f"{theirs.figure()}, {megabytes / max(seconds, 1e-9):.2f} MB/s; Consilience on its types {same.figure()}"
        )
        goal = "Consilience ahead" + (
            f"; behind in {', '.join(sorted(behind))}" if behind else " or level in every type"
        )
        rows.append(Row(f"{name}: {other}", figure, goal, same.f1 > theirs.f1 and not behind))
    return rows


def run() -> list[Row]:
    """Measure all sets, the places, and the speed."""
    if not ARCHIVE.exists():
        return [Row("observables in reports", "not measured: shared/data/reports is not there", "", None)]
    rows = []
    for file in sorted(ANNOTATIONS.glob("*.json")):
        reports = annotated(file.stem)
        gold = [{(place.type, place.value) for place in report.values} for report, _ in reports]
        rows += rows_of(f"{file.stem}, {len(reports)} reports", [text for _, text in reports], gold)
        exact, there = places_right(reports)
        rows.append(
            Row(f"{file.stem}: annotated places of found values, exact", f"{exact} of {there}", "all", exact == there)
        )
    text, values = synthetic()
    rows += rows_of("synthetic", [text], [values])
    megabytes = speed(all_texts())
    rows.append(Row("all reports as one text, all types", f"{megabytes:.1f} MB/s", "10 MB/s", megabytes >= 10))
    return rows


def misses(name: str) -> None:
    """Print what is wrong and what is missed, report by report."""
    for report, text in annotated(name):
        gold = {(place.type, place.value) for place in report.values}
        found = ours([text])[0]
        for sign, each in [("+", each) for each in sorted(found - gold)] + [
            ("-", each) for each in sorted(gold - found)
        ]:
            print(sign, report.report[:40], *each, sep="\t")


def main() -> None:
    """Print the rows, or the misses of one set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print what is wrong and what is missed instead")
    parser.add_argument("--set", default="observables-development", help="which annotations the misses are those of")
    arguments = parser.parse_args()
    if arguments.misses:
        misses(arguments.set)
        return
    for row in run():
        met = "" if row.met is None else "yes" if row.met else "NO"
        print(row.what, row.figure, row.goal, met, sep=" | ")


if __name__ == "__main__":
    main()
