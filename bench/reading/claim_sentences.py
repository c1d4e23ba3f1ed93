"""Claims read from the sentences on which the rules were developed: what is found, of whom, and what else is made.

Usage: ``python bench/reading/claim_sentences.py``

The sentences are by the author of the rules (decision 0023 says when each set was written and first scored): this
guards against loss and shows what is missed, and says nothing about other texts. A claim is found where a statement has
its predicate, stance and object (``*`` is any).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from consilience.extract.lexicon import Lexicon, build_lexicon
from consilience.extract.passages import extract
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.document import Document, Passage
from consilience.model.statement import EntityType, Statement

FOLDER: Final = Path(__file__).with_suffix("")
TITLE: Final = "A cyber incident"
_CLUSTERS: Final = (
    "APT28", "APT29", "APT31", "APT34", "APT41", "APT42", "APT43", "Lazarus", "Turla", "Sandworm", "Gamaredon",
    "Kimsuky", "Killnet", "TraderTraitor", "LockBit", "HomeLand Justice", "Predatory Sparrow", "Anonymous Sudan",
    "Fancy Bear", "Cadet Blizzard", "Midnight Blizzard", "Mint Sandstorm", "Volt Typhoon", "Evil Corp", "Earth Lusca",
    "UAC-0010", "NoName057(16)",
)  # fmt: skip
_GAZETTEER: Final = (
    *(GazetteerName(name, EntityType.CLUSTER, f"key:{name}", False) for name in _CLUSTERS),
    GazetteerName("Kazuar", EntityType.MALWARE, "key:kazuar", False),
    GazetteerName("Conti", EntityType.MALWARE, "key:conti", False),
    GazetteerName("Cobalt Strike", EntityType.TOOL, "key:cobalt-strike", False),
)


def main() -> None:
    """Print one row for each set."""
    lexicon = build_lexicon(_GAZETTEER, known_sources())
    print("| set | sentences | claims | found | right claimant | made | expected of them |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted(FOLDER.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        counts = [scored(row["text"], row["claims"], path.suffixes[0][1:], lexicon) for row in rows]
        claims = sum(len(row["claims"]) for row in rows)
        found, sourced, made, right = (sum(each) for each in zip(*counts, strict=True))
        print(f"| {path.stem} | {len(rows)} | {claims} | {found} | {sourced} | {made} | {right} |")


def scored(text: str, claims: list[list[str]], lang: str, lexicon: Lexicon) -> tuple[int, int, int, int]:
    """Return of one sentence: claims found, those of the right source, statements made, those that were expected."""
    document = Document(sha256="0" * 64, name="s", format="text", size=1, lang=lang, source="reuters", title=TITLE)
    made = extract(Passage(text), document, lexicon).statements
    found = sourced = 0
    right: set[str] = set()
    for predicate, source, target, stance in claims:
        hits = [each for each in made if (each.predicate, each.stance) == (predicate, stance) and _is(each, target)]
        found += bool(hits)
        sourced += any(each.source == source for each in hits)
        right |= {each.id for each in hits}
    return found, sourced, len(made), sum(each.id in right for each in made)


def _is(statement: Statement, target: str) -> bool:
    thing = statement.object
    named = (thing.id or thing.name) if thing else ""
    return target in ("*", named) or (len(target) > 2 and target in named)


if __name__ == "__main__":
    main()
