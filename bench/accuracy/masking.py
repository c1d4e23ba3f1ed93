"""The report texts for the benchmarks: one folder per actor, raw and with names masked, near-copies in one group.

Masking is the product's own (``extract.without_names``) over the packaged knowledge. Four degrees:

- ``raw``: nothing masked;
- ``actors, tools``: names of clusters and of software;
- ``masked``: countries, demonyms, capitals and seats of government, and publishers as well;
- ``masked, ordinary words``: names that are also ordinary words ("axiom", "carbon") as well, which tears the language.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consilience.attribution.near_copies import near_copies
from consilience.extract.without_names import ACTOR, CLASSES, TOOL, hidden_names, without_names
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.knowledge.sources import known_sources
from processes import DATA

PACKED: Final = DATA / "reports" / "attack-attribution-dev.tar.xz"
RAW: Final = "raw"
ACTORS_TOOLS: Final = "actors, tools"
MASKED: Final = "masked"
ORDINARY: Final = "masked, ordinary words"
VARIANTS: Final = (RAW, ACTORS_TOOLS, MASKED, ORDINARY)


class Texts(msgspec.Struct, frozen=True):
    """N reports: names, actors, the texts by variant, the number of the group of near-copies, and what was masked.

    ``hidden`` gives, by variant, how many words were masked, and ``classes`` how many names of each class.
    """

    names: tuple[str, ...]
    actors: tuple[str, ...]
    texts: dict[str, tuple[str, ...]]
    copies: tuple[int, ...]
    words: int
    hidden: dict[str, int]
    classes: dict[str, dict[str, int]]


def packaged_knowledge() -> Knowledge:
    """Open the packaged knowledge, kept in the benchmarks' cache."""
    given = os.environ.get("CONSILIENCE_CACHE")
    return open_knowledge(Path(given) if given else Path(tempfile.gettempdir()) / "consilience-bench-cache")


def read_texts(packed: Path = PACKED) -> Texts:
    """Read an archive or a folder of ``ACTOR/REPORT.txt`` and mask it in every variant."""
    found = sorted(_files(packed))
    raw = tuple(text for _, _, text in found)
    with packaged_knowledge() as knowledge:
        gazetteer = knowledge.gazetteer()
    hide = {
        ACTORS_TOOLS: hidden_names(gazetteer, known_sources(), (ACTOR, TOOL)),
        MASKED: hidden_names(gazetteer, known_sources()),
        ORDINARY: hidden_names(gazetteer, known_sources(), ordinary_words=True),
    }
    masked = {variant: [without_names(text, names) for text in raw] for variant, names in hide.items()}
    classes = {}
    for variant, several in masked.items():
        counts: Counter[str] = Counter()
        for each in several:
            for _, class_, count in each.found:
                counts[class_] += count
        classes[variant] = {class_: counts[class_] for class_ in CLASSES}
    return Texts(
        names=tuple(name for _, name, _ in found),
        actors=tuple(actor for actor, _, _ in found),
        texts={RAW: raw} | {variant: tuple(each.text for each in several) for variant, several in masked.items()},
        copies=tuple(near_copies(raw).tolist()),
        words=sum(len(text.split()) for text in raw),
        hidden={variant: sum(each.words for each in several) for variant, several in masked.items()},
        classes=classes,
    )


def _files(packed: Path) -> Iterator[tuple[str, str, str]]:
    """Yield actor, name and text of each report."""
    if packed.is_dir():
        for path in packed.rglob("*.txt"):
            yield path.parent.name, path.name, path.read_text("utf-8", "replace")
        return
    with tarfile.open(packed) as archive:
        for member in archive.getmembers():
            opened = archive.extractfile(member) if member.name.endswith(".txt") else None
            if opened is not None:
                *_, actor, name = member.name.split("/")
                yield actor, name, opened.read().decode("utf-8", "replace")
