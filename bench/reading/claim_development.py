"""Claims read from the sentences that rules are developed on: counts for each set, and what is missed or wrong.

Usage: python bench/reading/claim_development.py [--misses] [--groups] [--rules] [SET ...]

``development/claims-*.json`` were written by annotators who had not seen the rules, from the constructions of public
statements, press and vendors' reports. Writers of rules read some of them and mend what they show (those with a word as
their name: "press", "vendor", and "de", "es", "ru", "uk" alone); the words for computers and for reasons of answers
were taken from all, and the weights are fitted to all, so the figures say nothing about other texts: those stand in
``claims.py``. A hit is counted as there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parent))

from claim_matching import Entry, Read, SentenceSet, count, has_claimant, has_object, is_located, is_right, read_entry
from claims import HEAD, line, reader

from consilience.model.statement import Statement

FOLDER: Final = Path(__file__).resolve().parent / "development"


def sets(names: list[str]) -> list[tuple[str, SentenceSet]]:
    """Return the sets with one of ``names`` after "claims-" in their file's name, all where none is given."""
    wanted = {f"claims-{name.removeprefix('claims-')}" for name in names}
    paths = [path for path in sorted(FOLDER.glob("claims-*.json")) if not names or path.stem in wanted]
    return [(path.stem, msgspec.json.decode(path.read_bytes(), type=SentenceSet)) for path in paths]


def misses(sentences: SentenceSet, read: Read) -> Iterator[str]:
    """Return for each entry that is not read as expected its text, what is missed and what was made beside it."""
    for entry in sentences.sentences:
        standing = sentences.documents[entry.document]
        made = read_entry(entry, standing, sentences.language, read)
        told = [*_missed(entry, made, standing.publisher, sentences.language), *_wrong(entry, made, sentences.language)]
        if told:
            yield "\n".join((f"\n[{entry.id}; {standing.publisher}; {standing.title}]", entry.text, *told))


def _missed(entry: Entry, made: list[Statement], publisher: str, lang: str) -> Iterator[str]:
    for wanted in entry.expected:
        located = [each for each in made if is_located(each, wanted, entry)]
        exact = [each for each in located if has_object(each, wanted, lang)]
        if not any(has_claimant(each, wanted, publisher, lang) for each in exact):
            what = "claimant" if exact else "object" if located else "not located"
            asked = {name: value for name, value in msgspec.to_builtins(wanted).items() if value}
            yield f"  MISSED ({what}): {asked}" + "".join(f"\n     has {told(each)}" for each in exact or located)


def _wrong(entry: Entry, made: list[Statement], lang: str) -> Iterator[str]:
    return (f"  WRONG: {told(each)}" for each in made if not is_right(each, entry, lang))


def told(each: Statement) -> str:
    """Return a statement on one line: rule, subject, predicate, object, stance and source."""
    ends = [f"{end.name} [{end.id}]" if end.id else end.name for end in (each.subject, each.object) if end]
    more = ", ".join(f"{name} {value}" for name, value in each.attributes)
    return f"{each.rule}: {' | '.join(ends)} | {each.predicate} {each.stance}, says {each.source} ({more})"


def main() -> None:
    """Print the table, then what is missed and wrong if that is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="names of sets, such as en-press; all where none is named")
    parser.add_argument("--misses", action="store_true", help="print each entry that is not read as expected")
    parser.add_argument("--groups", action="store_true", help="one more table for each set, by what is claimed")
    parser.add_argument("--rules", action="store_true", help="only what the rules read, which counts unreviewed")
    arguments = parser.parse_args()
    read = reader(weighed=not arguments.rules)
    chosen = sets(arguments.sets)
    print(HEAD.format("set"))
    found = [(name, count(each, read)) for name, each in chosen]
    for name, counts in found:
        print(line(name, counts["all"]))
    for name, counts in found if arguments.groups else ():
        print("\n" + HEAD.format(f"{name}: what is claimed"))
        print("\n".join(line(group, counts[group]) for group in sorted(counts) if group not in ("all", "silence")))
    for _, each in chosen if arguments.misses else ():
        print("\n".join(misses(each, read)))


if __name__ == "__main__":
    main()
