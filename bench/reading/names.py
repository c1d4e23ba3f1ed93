"""Precision and recall of the names of clusters and malware in vendors' reports, and the speed of finding them.

Usage::

    python bench/reading/names.py [--misses development]

The reports are those under ``../shared/data/reports``; ``annotations/names/*.json`` hold the SHA-256 of each text and
the places of the names in it, by the rules of ``docs/annotation-guide.md``. A text whose hash differs is not scored.
A name that was found counts as right where it overlaps an annotated one, an annotated one as found where a found one
overlaps it; what overlaps an optional one alone is not counted. The texts are lower-cased by whoever made the set.
``names/unseen.json`` was annotated before the finder was changed, and no miss of it was looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parent))

from observables import ANNOTATIONS, ARCHIVE, all_texts

from consilience.extract.lexicon import Lexicon, build_lexicon
from consilience.extract.names import NameMention, find_names
from consilience.knowledge.index import open_knowledge
from consilience.knowledge.sources import known_sources
from processes import Row

SETS: Final = ANNOTATIONS / "names"
LETTERS: Final = {"cluster": "G", "malware": "M", "either": "GM", "optional": "GM"}


class Mention(msgspec.Struct, frozen=True):
    """An annotated name: code points of the text, what it names, the name in lower case."""

    start: int
    end: int
    label: str
    name: str


class Report(msgspec.Struct, frozen=True):
    """The annotation of one report; the text itself is not kept."""

    report: str
    sha256: str
    mentions: list[Mention]


class Overlap(msgspec.Struct):
    """Counts of mentions: found and right, found and wrong, annotated and found, annotated and missed."""

    right: int = 0
    wrong: int = 0
    reached: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of what was found that overlaps an annotated name."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of the annotated names that overlap what was found."""
        return self.reached / max(1, self.reached + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)

    def figure(self) -> str:
        """Return precision, recall and F1 as text."""
        return f"P {self.precision:.3f}, R {self.recall:.3f}, F1 {self.f1:.3f}"


def annotated(name: str) -> list[tuple[Report, str]]:
    """Return the annotations of set ``name`` with the texts, which must have the hashes that were annotated."""
    reports = msgspec.convert(json.loads((SETS / f"{name}.json").read_text("utf-8"))["reports"], list[Report])
    texts = {hashlib.sha256(text.encode("utf-8")).hexdigest(): text for text in all_texts()}
    gone = [each.report for each in reports if each.sha256 not in texts]
    if gone:
        raise FileNotFoundError(f"no text with the annotated hash: {', '.join(gone)}")
    return [(each, texts[each.sha256]) for each in reports]


def lexicon() -> Lexicon:
    """Return the names that a user's first run would look for."""
    with tempfile.TemporaryDirectory() as folder, open_knowledge(Path(folder)) as knowledge:
        return build_lexicon(knowledge.gazetteer(), known_sources())


def named(text: str, known: Lexicon) -> list[NameMention]:
    """Return the clusters and the malware that are named in an English text."""
    return [each for each in find_names(text, "en", known) if each.letter in "GM"]


def wrong_and_missed(
    found: list[NameMention], gold: Iterable[Mention], letters: str
) -> tuple[list[NameMention], list[Mention], Overlap]:
    """Return what was found and should not have been, what was missed, and the counts.

    ``letters`` chooses clusters (``G``), malware (``M``) or both: only then is a cluster found as malware no error.
    """
    there = [each for each in gold if set(LETTERS[each.label]) & set(letters)]
    found = [each for each in found if each.letter in letters]
    touching = {id(each): [one for one in there if one.start < each.end and each.start < one.end] for each in found}
    wrong = [each for each in found if not touching[id(each)]]
    right = [each for each in found if any(one.label != "optional" for one in touching[id(each)])]
    counted = [
        one for one in there if one.label in ("cluster", "malware") or (one.label == "either" and letters == "GM")
    ]
    missed = [one for one in counted if not any(one.start < each.end and each.start < one.end for each in found)]
    return wrong, missed, Overlap(len(right), len(wrong), len(counted) - len(missed), len(missed))


def score(name: str, known: Lexicon, letters: str) -> Overlap:
    """Return the counts over one set."""
    total = Overlap()
    for report, text in annotated(name):
        _, _, one = wrong_and_missed(named(text, known), report.mentions, letters)
        total = Overlap(
            *(a + b for a, b in zip(msgspec.structs.astuple(total), msgspec.structs.astuple(one), strict=True))
        )
    return total


def speed(texts: list[str], known: Lexicon) -> float:
    """Return megabytes of text per second of processor time, the best of three runs over all texts, one by one."""
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        for text in texts:
            find_names(text, "en", known)
        seconds.append(time.process_time() - begin)
    return sum(len(text.encode("utf-8")) for text in texts) / min(seconds) / 1e6


def run() -> list[Row]:
    """Measure both sets and the speed."""
    if not ARCHIVE.exists():
        return [Row("names in reports", "not measured: shared/data/reports is not there", "", None)]
    known = lexicon()
    rows = []
    for name in ("development", "unseen"):
        both = score(name, known, "GM")
        total = both.reached + both.missed
        met = both.f1 >= 0.9 if name == "unseen" else None
        rows.append(
            Row(f"{name}: clusters and malware, {total} mentions", both.figure(), "F1 .90" * (met is not None), met)
        )
        for letters, what in (("G", "as clusters"), ("M", "as malware")):
            rows.append(Row(f"{name}: {what}", score(name, known, letters).figure(), "", None))
    megabytes = speed(all_texts(), known)
    rows.append(Row("all reports, names of every kind", f"{megabytes:.1f} MB/s", "5 MB/s", megabytes >= 5))
    return rows


def misses(name: str) -> None:
    """Print what is wrong and what is missed, report by report."""
    known = lexicon()
    for report, text in annotated(name):
        wrong, missed, _ = wrong_and_missed(named(text, known), report.mentions, "GM")
        for sign, each in [("+", each) for each in wrong] + [("-", each) for each in missed]:
            around = " ".join(text[max(0, each.start - 40) : each.end + 30].split())
            print(sign, report.report[:30], each.name, around, sep="\t")


def main() -> None:
    """Print the rows, or what is wrong and what is missed in one set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", metavar="SET", help="print what is wrong and what is missed in this set instead")
    if name := parser.parse_args().misses:
        return misses(name)
    for row in run():
        print(row.what, row.figure, row.goal, {None: "", True: "yes", False: "NO"}[row.met], sep=" | ")
    return None


if __name__ == "__main__":
    main()
