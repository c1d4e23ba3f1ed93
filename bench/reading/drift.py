"""How often drift between a relay and its origin is found, and its kind, on a frozen set of invented pairs.

Two sets of pairs of passages in English and French, each pair with the kinds of drift that it shows, none for a
faithful relay. ``relay_pairs.json`` (short sentences) was written before the rules, ``relay_pairs_long.json`` (long
sentences and free wording) after them and scored without a change to them. The author of the rules wrote both, which
makes them easier than what the press writes. They are frozen by their hashes and not to be tuned on.
``python bench/reading/drift.py`` prints Markdown tables.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app.readers import open_lexicon
from consilience.app.settings import settings
from consilience.extract.drift import changes
from consilience.extract.lexicon import Lexicon
from consilience.extract.names import find_names
from consilience.model.derivation import DriftKind
from processes import Row

FOLDER = Path(__file__).parent
FROZEN = {
    "relay_pairs.json": "69da951d6d854a2afd75e6be9388a35b5af5a7fc882cb7b4fd7bab10f84e4a5b",
    "relay_pairs_long.json": "9ad21abf411d60e781841e60c5b7b96b8ffba14689d4da19f5cae73568412e42",
}
SETS = {"relay_pairs.json": "short pairs", "relay_pairs_long.json": "long pairs"}


class Pair(msgspec.Struct, frozen=True):
    """Two passages and the kinds of drift between them."""

    origin_lang: str
    origin: str
    relay_lang: str
    relay: str
    kinds: tuple[DriftKind, ...]


def pairs(name: str) -> list[Pair]:
    """Return a frozen set of pairs; raise ``ValueError`` where its file was changed."""
    data = (FOLDER / name).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != FROZEN[name]:
        raise ValueError(f"{name} was changed: its SHA-256 is {found}")
    return msgspec.json.decode(data, type=list[Pair])


def scored(name: str, lexicon: Lexicon) -> list[tuple[Pair, set[DriftKind]]]:
    """Return the pairs of a set, each with the kinds that were found."""
    found = []
    for pair in pairs(name):
        named = any(each.letter == "G" for each in find_names(pair.relay, pair.relay_lang, lexicon))
        told = changes(pair.origin, pair.origin_lang, pair.relay, pair.relay_lang, named_actor=named)
        found.append((pair, {each.kind for each in told}))
    return found


def run() -> list[Row]:
    """Return precision and recall by kind for each set, and how many faithful relays were left alone."""
    lexicon = open_lexicon(settings())
    return [row for name in FROZEN for row in _rows(SETS[name], scored(name, lexicon))]


def _rows(which: str, found: list[tuple[Pair, set[DriftKind]]]) -> list[Row]:
    rows = []
    for kind in DriftKind:
        truth = sum(kind in pair.kinds for pair, _ in found)
        told = sum(kind in kinds for _, kinds in found)
        right = sum(kind in pair.kinds and kind in kinds for pair, kinds in found)
        figure = f"{right} of {truth} found, {told - right} wrong (P {right / max(1, told):.2f}, R {right / truth:.2f})"
        rows.append(Row(f"{which}: {kind}", figure, "", None))
    faithful = [kinds for pair, kinds in found if not pair.kinds]
    drifted = [kinds for pair, kinds in found if pair.kinds]
    alone = sum(not each for each in faithful)
    exact = sum(set(pair.kinds) == kinds for pair, kinds in found)
    figure = (
        f"{alone} of {len(faithful)} left alone; {sum(bool(each) for each in drifted)} of {len(drifted)} others noticed"
    )
    return [
        *rows,
        Row(f"{which}: faithful relays", figure, "", None),
        Row(f"{which}: all kinds right", f"{exact} of {len(found)} pairs", "", None),
    ]


if __name__ == "__main__":
    for row in run():
        print(f"| {row.what} | {row.figure} |")
