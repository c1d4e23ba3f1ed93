"""The reports that ATT&CK cites, as questions: what each alone supports is taken out, and every group is described.

See ``attack.py`` for the rule and what is made of it.
"""

from __future__ import annotations

import lzma
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Use(msgspec.Struct, frozen=True):
    """A user (group or software) uses a thing (software or technique), as told by the cited sources."""

    user: str
    thing: str
    cited: frozenset[str]


class Question(msgspec.Struct, frozen=True):
    """A cited report: its group, and the software and techniques that it supports."""

    report: str
    group: str
    things: frozenset[str]


class Knowledge(msgspec.Struct, frozen=True):
    """Uses by groups and by software, groups in order, and the questions."""

    of_groups: tuple[Use, ...]
    of_software: tuple[Use, ...]
    groups: tuple[str, ...]
    questions: tuple[Question, ...]


class Table(msgspec.Struct, frozen=True):
    """Features of N questions: candidates (N, G, F), unknown (N, U), who is there (N, G), the right column (N,).

    Column G is "unknown"; ``unknown_hidden`` (N, U) are its features where the question's own group is not known.
    ``size`` (N,) is the number of things asked about.
    """

    candidates: NDArray[np.float32]
    unknown: FloatArray
    unknown_hidden: FloatArray
    there: BoolArray
    truth: IntArray
    size: IntArray

    def part(self, keep: NDArray[Any]) -> Table:
        """Return the questions that ``keep`` marks or lists."""
        return Table(*(getattr(self, name)[keep] for name in self.__struct_fields__))

    def hidden(self) -> Table:
        """Return the questions with their own group taken away: "unknown" is right."""
        there = self.there.copy()
        known = self.truth < there.shape[1]
        there[np.flatnonzero(known), self.truth[known]] = False
        unknown = self.unknown_hidden
        return Table(self.candidates, unknown, unknown, there, np.full_like(self.truth, there.shape[1]), self.size)


def read(bundle: Path) -> Knowledge:
    """Read a STIX bundle, packed with xz or not; revoked and deprecated objects and relations are left out."""
    data = bundle.read_bytes()
    objects = msgspec.json.decode(lzma.decompress(data) if bundle.suffix == ".xz" else data)["objects"]
    alive = {each["id"] for each in objects if not (each.get("revoked") or each.get("x_mitre_deprecated"))}
    uses: dict[bool, list[Use]] = {True: [], False: []}
    for each in objects:
        if each["type"] != "relationship" or each["relationship_type"] != "uses" or each["id"] not in alive:
            continue
        user, thing = each["source_ref"], each["target_ref"]
        if {user, thing} <= alive and user.partition("--")[0] in {"intrusion-set", "malware", "tool"}:
            cited = frozenset(one["source_name"] for one in each.get("external_references", ()))
            uses[user.startswith("intrusion-set")].append(Use(user, thing, cited))
    supported: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for use in uses[True]:
        for report in use.cited:
            supported[report][use.user].add(use.thing)
    questions = tuple(
        Question(report, group, frozenset(by_group[group]))
        for report, by_group in sorted(supported.items())
        for group in by_group
        if len(by_group) == 1
    )
    return Knowledge(tuple(uses[True]), tuple(uses[False]), tuple(sorted({use.user for use in uses[True]})), questions)


def is_technique(thing: str) -> bool:
    """Say whether a thing is a technique, not software."""
    return thing.startswith("attack-pattern")


WANTED: Final[dict[str, Callable[[str], bool]]] = {
    "techniques": is_technique,
    "software": lambda thing: not is_technique(thing),
    "both": lambda _: True,
}


def asked(known: Knowledge, kinds: str) -> list[Question]:
    """Return the questions that hold something of the kinds, in their order."""
    return [each for each in known.questions if any(map(WANTED[kinds], each.things))]


def tabulate(known: Knowledge, kinds: str) -> Table:
    """Return the features of all questions that hold something of the kinds: ``software``, ``techniques``, ``both``."""
    wanted = WANTED[kinds]
    things = sorted({use.thing for use in known.of_groups} | {use.thing for use in known.of_software})
    world = _World(known, things)
    rows = [
        world.row(question, [thing for thing in question.things if wanted(thing)], wanted)
        for question in asked(known, kinds)
    ]
    candidates, *others = zip(*rows, strict=True)
    return Table(np.array(candidates, dtype=np.float32), *map(np.array, others))


class _World:
    """Who uses what, as counts of sources, so that one report can be taken out."""

    def __init__(self, known: Knowledge, things: Sequence[str]) -> None:
        self.place = {thing: at for at, thing in enumerate(things)}
        self.technique = np.array([is_technique(thing) for thing in things])
        self.group = {group: at for at, group in enumerate(known.groups)}
        self.uses = np.zeros((len(self.group), len(things)), dtype=bool)
        self.software = np.zeros((len(things), len(things)), dtype=bool)
        self.alone: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.alone_software: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for use in known.of_groups:
            self._take(use, self.uses, self.group[use.user], self.alone)
        for use in known.of_software:
            if use.user in self.place:
                self._take(use, self.software, self.place[use.user], self.alone_software)
        self.sources = np.zeros(len(self.group))
        for each in known.questions:
            self.sources[self.group[each.group]] += 1

    def _take(self, use: Use, table: BoolArray, row: int, alone: dict[str, list[tuple[int, int]]]) -> None:
        table[row, self.place[use.thing]] = True
        if len(use.cited) == 1:
            alone[next(iter(use.cited))].append((row, self.place[use.thing]))

    def row(
        self, question: Question, things: Sequence[str], wanted: Callable[[str], bool]
    ) -> tuple[FloatArray, list[float], list[float], BoolArray, int, int]:
        """Return features of candidates and of unknown, those of unknown without the question's own group, who is
        there, the truth, and the size of a question.
        """
        uses, software = self.uses.copy(), self.software.copy()
        for row, column in self.alone[question.report]:
            uses[row, column] = False
        for row, column in self.alone_software[question.report]:
            software[row, column] = False
        asked = np.zeros(uses.shape[1], dtype=bool)
        asked[[self.place[thing] for thing in things]] = True
        kinds = np.array([wanted("attack-pattern") if each else wanted("malware") for each in self.technique])
        present = (uses & kinds).any(axis=1)
        truth = self.group[question.group]
        sources = self.sources.copy()
        sources[truth] -= 1
        columns = [np.log1p(sources)]
        for own in (~self.technique, self.technique):
            if (kinds & own).any():
                columns += _similarity(asked & own, uses & own)
        if kinds[self.technique].any():
            through = (uses[:, ~self.technique].astype(np.float32) @ software[~self.technique].astype(np.float32)) > 0
            columns.append(_similarity(asked & self.technique, through & self.technique)[0])
        software_asked = asked & ~self.technique
        users = uses[:, software_asked].any(axis=1) & present
        others = np.delete(users, truth)
        unknown, hidden = (
            [1.0, math.log(len(things)), float(sharing.any()), float(software_asked.any())]
            for sharing in (users, others)
        )
        right = truth if present[truth] else len(present)
        return np.stack(columns, axis=1), unknown, hidden, present, right, len(things)


POOLED: Final = 3.0
"""Techniques are shrunk towards how common they are, as if so many average groups were added to one entry."""


def _similarity(asked: BoolArray, uses: BoolArray) -> list[FloatArray]:
    """Return by group how much what is asked about resembles what it uses.

    Cosine with rarity, its root, and times the log of how many are asked about; rarity of what is shared in bits, sum
    and most; log of how many are shared, and of all it uses; log likelihood ratio in nats of what is asked about, mean
    and sum by the root of their number.
    """
    groups = uses.shape[0]
    holders = uses.sum(axis=0)
    rarity = np.log((1.0 + groups) / (1.0 + holders)) + 1.0
    weight = rarity**2
    own = uses @ weight
    shared = uses[:, asked]
    norm = np.sqrt(np.maximum(own * weight[asked].sum(), 1e-12))
    cosine = shared @ weight[asked] / norm
    bits = np.log2(groups / np.maximum(holders[asked], 1.0))
    count = shared.sum(axis=1)
    base = (holders[asked] + 0.5) / (groups + 1.0)
    ratio = np.log((shared + POOLED * base) / ((1.0 + POOLED) * base)) if asked.any() else np.zeros((groups, 1))
    return [
        cosine,
        np.sqrt(cosine),
        cosine * math.log1p(asked.sum()),
        shared @ bits,
        (shared * bits).max(axis=1, initial=0.0),
        np.log1p(count),
        np.log1p(uses.sum(axis=1)),
        ratio.mean(axis=1),
        ratio.sum(axis=1) / math.sqrt(max(1, asked.sum())),
    ]
