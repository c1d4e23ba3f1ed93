"""How many planted repetitions among invented reports are found, what else is found, and how long it takes.

Usage::

    python bench/reading/origins.py [--reports 1000] [--sentences 60]

Reports come in groups of ten on one event. Of ten, one copies three sentences of the first with one number changed,
one tells two of its sentences in French, one quotes it and one gives the quotation to somebody else; the other five say
other things of the same actor. The words are made up: this measures cost, and that chance makes no repetition, not how
the press copies.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from consilience.app.readers import open_lexicon
from consilience.app.settings import settings
from consilience.extract.origins import find_derivations
from consilience.extract.sentence_facts import ReadDocument
from consilience.model.dates import PartialDate
from consilience.model.derivation import DerivationKind
from consilience.model.document import Document, Passage
from processes import Row

GROUP = 10
COPY, FRENCH, QUOTING, MOUTH = 9, 8, 7, 6
PLANTED = {
    COPY: DerivationKind.PASSAGE,
    FRENCH: DerivationKind.TRANSLATION,
    QUOTING: DerivationKind.QUOTATION,
    MOUTH: DerivationKind.REATTRIBUTED,
}
ACTORS = ("Lazarus", "Turla", "Sandworm", "Gamaredon", "APT29", "APT41", "Kimsuky")
_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin")
_VOCABULARY = [f"word{number}" for number in range(4000)]


def reports(count: int, sentences: int) -> list[ReadDocument]:
    """Return ``count`` reports of ``sentences`` sentences each, the same at every call; ten publishers in turn."""
    draw = random.Random(1)
    out: list[ReadDocument] = []
    first: list[str] = []
    told: list[tuple[str, str]] = []
    quote = ""
    for number in range(count):
        group, place = divmod(number, GROUP)
        actor, day = ACTORS[group % len(ACTORS)], date(2020, 1, 1) + timedelta(days=number)
        lines = [
            f"{_words(draw, 14)} {actor} {draw.randint(10, 99_999)} {_words(draw, 2)}.".capitalize()
            for _ in range(sentences)
        ]
        if place == 0:
            quote = _words(draw, 9)
            facts = [_fact(draw, actor) for _ in range(2)]
            told = [(english, french) for english, french in facts]
            lines += [english for english, _ in told]
            lines.append(f"Anna Petrova said “{quote}”.")
            first = lines
        elif place == COPY:
            changed = first[5].split(" ")
            changed[15] = str(int(changed[15]) + 1)
            lines[4:7] = [first[4], " ".join(changed), first[6]]
        elif place == FRENCH:
            lines[4:4] = [french for _, french in told]
        elif place in (QUOTING, MOUTH):
            lines.append(f"{'Anna Petrova' if place == QUOTING else 'Boris Ivanov'} said “{quote}”.")
        out.append(_report(" ".join(lines), f"publisher-{place}", day.isoformat(), "fr" if place == FRENCH else "en"))
    return out


def _words(draw: random.Random, count: int) -> str:
    return " ".join(draw.choices(_VOCABULARY, k=count))


def _fact(draw: random.Random, actor: str) -> tuple[str, str]:
    day, month, files, machines = (
        draw.randint(1, 28),
        draw.randint(1, 6),
        draw.randint(1000, 9999),
        draw.randint(20, 900),
    )
    return (
        f"On {day} {date(2020, month, 1):%B} 2020 {actor} copied {files} files from {machines} machines.",
        f"Le {day} {_MONTHS[month - 1]} 2020, {actor} a copié {files} dossiers de {machines} machines.",
    )


def _report(text: str, source: str, day: str, lang: str) -> ReadDocument:
    document = Document(
        sha256=hashlib.sha256(text.encode()).hexdigest(), name=f"{source}.txt", format="text", size=len(text),
        source=source, lang=lang, published=PartialDate(day),
    )  # fmt: skip
    return ReadDocument(document, (Passage(text, "", lang),))


def run() -> list[Row]:
    """Measure 1,000 reports of 60 sentences."""
    return measured(1000, 60)


def measured(count: int, sentences: int) -> list[Row]:
    """Return what was planted, what of it was found, what else was found, and the processor time."""
    documents = reports(count, sentences)
    place = {each.document.sha256: number for number, each in enumerate(documents)}
    lexicon = open_lexicon(settings())
    began = time.process_time()
    found = find_derivations(documents, lexicon)
    spent = time.process_time() - began
    pairs = {(each.kind, place[each.later.document], place[each.earlier.document]) for each in found}
    size = sum(len(each.passages[0].text.encode()) for each in documents) / 1e6
    firsts = range(0, len(documents) - GROUP + 1, GROUP)
    rows = [Row(f"{count:,} reports ({size:.1f} MB) compared: processor", f"{spent:.1f} s", "seconds", None)]
    for offset, kind in PLANTED.items():
        right = sum((kind, first + offset, first) in pairs for first in firsts)
        rows.append(Row(f"planted: {kind}", f"{right} of {len(firsts)}", "all", right == len(firsts)))
    numbers = sum(any(one.kind == "number" for one in each.differences) for each in found)
    rows.append(Row("planted: a number that differs", f"{numbers} of {len(firsts)}", "all", numbers == len(firsts)))
    across = sum(later // GROUP != earlier // GROUP for _, later, earlier in pairs)
    return [*rows, Row("between unrelated reports", str(across), "0", across == 0)]


def main() -> None:
    """Print the rows as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--sentences", type=int, default=60)
    chosen = parser.parse_args()
    for row in measured(chosen.reports, chosen.sentences):
        print(f"| {row.what} | {row.figure} |")


if __name__ == "__main__":
    main()
