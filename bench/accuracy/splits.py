"""Frozen splits of indicator lists: reports with a group, bounds on their date, and values; what is known at test time.

The lists are read by the product's own reader, as ``consilience add`` reads them. What the reader does not keep is
taken from the same lines here: all references of a block, not only the first, and where the block stands.

- *Report*: the blocks of one group that share a reference, by union-find, so that the parts of one publication cannot
  testify for each other. Values that stand in no report (``# Generic``) are left out.
- *Date*: two bounds in days. A block whose references show dates lies between the earliest and the latest of them.
  Nearly half of the blocks show none. Lists grow at their end (:func:`order_check` measures how far this holds), so
  that such a block lies between the dated blocks before and after it; where these are not in order, or one is
  missing, its date is unknown and the report is left out. A report is tested at its lower bound and is evidence for
  others only after its upper bound: an uncertain date costs evidence and never leaks any.
- *Split*: a report learns where its upper bound lies before the year that opens the test, tests where its lower bound
  does not; a report that straddles the border is left out, and after the last test year too.

Nothing here depends on the outcome, so the same script splits lists that its writer has not seen; :attr:`Split.digest`
says whether two runs were on the same split.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consilience.formats.context import ReadContext
from consilience.formats.ioc_list import cluster_of_file, date_in_url, read
from consilience.model.dates import PartialDate, earliest, latest
from consilience.model.observable import Role
from processes import DATA

PACKED: Final = DATA / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"
LEARN_UNTIL: Final = 2023
TEST_UNTIL: Final = 2026
NO_GROUP: Final = frozenset({"unclassified"})
"""Lists that stand for no group: their reports neither learn nor test as a group's, and are measured apart."""

_REFERENCE: Final = re.compile(r"[#;]+\s*r[eé]f[a-zé]{0,10}\s*:\s*(?P<value>.*)", re.IGNORECASE)
_GENERIC: Final = re.compile(r"[#;]+\s*generic\b", re.IGNORECASE)

Days = tuple[int, int]
"""Lower and upper bound of a date, as proleptic Gregorian ordinals."""


class Block(msgspec.Struct):
    """A run of references and the values below it: where it opens, what it cites, and the bounds of its date."""

    line: int
    references: list[str]
    days: Days | None
    values: list[tuple[str, str]]

    @property
    def dated(self) -> bool:
        """Whether the block's own references show a date."""
        return any(date_in_url(each) for each in self.references)


class ListedReport(msgspec.Struct, frozen=True):
    """A report of a group: the days between which it was published, its values, and whether its own references date it.

    ``values`` are (type, value) as the reader gives them, sorted.
    """

    id: str
    group: str
    first: int
    last: int
    values: tuple[tuple[str, str], ...]
    dated: bool


class Split(msgspec.Struct, frozen=True, dict=True):
    """Reports by part, in order of date. ``nobody`` are the test-time reports that the lists file under no group."""

    learn: tuple[ListedReport, ...]
    test: tuple[ListedReport, ...]
    nobody: tuple[ListedReport, ...]
    left_out: int

    @cached_property
    def digest(self) -> str:
        """The first 16 hex digits of a SHA-256 over every report's part, group, dates and values."""
        state = hashlib.sha256()
        for part, reports in (("learn", self.learn), ("test", self.test), ("nobody", self.nobody)):
            for each in reports:
                state.update(msgspec.json.encode((part, each.group, each.first, each.last, each.values)))
        return state.hexdigest()[:16]


def lists(packed: Path = PACKED) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each list in an archive, or of each ``*.txt`` below a folder, in order of name."""
    if packed.is_dir():
        for path in sorted(packed.rglob("*.txt"), key=lambda path: path.name):
            yield path.name, path.read_bytes()
        return
    with tarfile.open(packed) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            opened = archive.extractfile(member) if member.name.endswith(".txt") else None
            if opened is not None:
                yield member.name.rpartition("/")[2], opened.read()


def blocks_of(name: str, data: bytes) -> list[Block]:
    """Return a list's blocks in their order, each with its values as the reader gives them."""
    blocks = list(_blocks(data.decode("utf-8", "replace")))
    starts = [block.line for block in blocks]
    for each in read(data, ReadContext(name=name)).observations:
        if each.role == Role.INDICATOR and each.report:
            blocks[bisect_right(starts, int(each.place.removeprefix("line "))) - 1].values.append(
                (each.type, each.value)
            )
    _bracket(blocks)
    return [block for block in blocks if block.references]


def _blocks(text: str) -> Iterator[Block]:
    block = Block(0, [], None, [])
    cites = False
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        reference = _REFERENCE.match(line)
        if reference or _GENERIC.match(line):
            if not (reference and cites):
                yield block
                block = Block(number, [], None, [])
            cites = reference is not None
            if reference and reference["value"].strip():
                block.references.append(reference["value"].strip())
        elif line and line[0] not in "#;":
            cites = False
    yield block


def _bracket(blocks: Sequence[Block]) -> None:
    """Give each block the bounds that its references show, or else those of the dated blocks around it."""
    for block in blocks:
        days = [bounds(found) for each in block.references if (found := date_in_url(each))]
        if days:
            block.days = min(first for first, _ in days), max(last for _, last in days)
    own = [block.days for block in blocks]
    after: list[Days | None] = []
    following: Days | None = None
    for days in reversed(own):
        after.append(following)
        following = days or following
    before: Days | None = None
    for block, days, behind in zip(blocks, own, reversed(after), strict=True):
        if days is None and before and behind and before[0] <= behind[1]:
            block.days = before[0], behind[1]
        before = days or before


def bounds(day: PartialDate) -> Days:
    """Return the first and the last day that a known partial date may mean."""
    return earliest(day).toordinal(), latest(day).toordinal()


def reports_of(found: Iterable[tuple[str, bytes]]) -> list[ListedReport]:
    """Return the reports of all lists: blocks of one group joined where they share a reference; undated ones left in.

    A report without bounds has ``first`` and ``last`` 0.
    """
    by_group: dict[str, list[Block]] = {}
    for name, data in found:
        by_group.setdefault(cluster_of_file(name), []).extend(blocks_of(name, data))
    return [report for group, blocks in sorted(by_group.items()) for report in _joined(group, blocks)]


def _joined(group: str, blocks: Sequence[Block]) -> Iterator[ListedReport]:
    parent = list(range(len(blocks)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    cited: dict[str, int] = {}
    for at, block in enumerate(blocks):
        for reference in block.references:
            parent[root(at)] = root(cited.setdefault(reference, at))
    members: dict[int, list[Block]] = {}
    for at, block in enumerate(blocks):
        members.setdefault(root(at), []).append(block)
    for several in members.values():
        values = tuple(sorted({value for block in several for value in block.values}))
        if not values:
            continue
        days = [block.days for block in several if block.days]
        known = len(days) == len(several)
        yield ListedReport(
            id=several[0].references[0],
            group=group,
            first=min(first for first, _ in days) if known else 0,
            last=max(last for _, last in days) if known else 0,
            values=values,
            dated=all(block.dated for block in several),
        )


def split(reports: Iterable[ListedReport], learn_until: int = LEARN_UNTIL, test_until: int = TEST_UNTIL) -> Split:
    """Return the split by year: learning before ``learn_until``, testing from then to before ``test_until``."""
    border, end = date(learn_until, 1, 1).toordinal(), date(test_until, 1, 1).toordinal()
    ordered = sorted(reports, key=lambda each: (each.first, each.last, each.group, each.id))
    learn = tuple(each for each in ordered if 0 < each.last < border and each.group not in NO_GROUP)
    later = [each for each in ordered if border <= each.first and each.last < end]
    test = tuple(each for each in later if each.group not in NO_GROUP)
    nobody = tuple(each for each in later if each.group in NO_GROUP)
    return Split(learn, test, nobody, len(ordered) - len(learn) - len(test) - len(nobody))


def order_check(found: Iterable[tuple[str, bytes]]) -> tuple[int, float, float, float]:
    """Return how well a list's order dates a block, measured on dated blocks whose neighbours are in order.

    The number of such blocks; the share of blocks with dated neighbours that are in order; the share of the former
    that lie between their neighbours; the 95th percentile of how many days the others lie outside (over all).
    """
    outside: list[int] = []
    triples = 0
    for name, data in found:
        own = [block.days for block in blocks_of(name, data) if block.dated and block.days]
        for before, here, after in zip(own, own[1:], own[2:], strict=False):
            triples += 1
            if before[0] <= after[1]:
                outside.append(max(0, before[0] - here[0], here[1] - after[1]))
    if not outside:
        return 0, 0.0, 0.0, 0.0
    days = np.array(outside)
    return len(outside), len(outside) / triples, float((days == 0).mean()), float(np.percentile(days, 95))
