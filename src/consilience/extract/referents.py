"""What "the group", "the country" or "it" stands for: a name of one of the last sentences, where only one can be meant.

An analyst sees in the statement's attribute ``stands-for`` that a name was carried over, and from which words.
"""

from __future__ import annotations

from typing import Final

import msgspec

from consilience.extract.clauses import subjects, without_asides
from consilience.extract.masking import Masked, Token
from consilience.extract.rule_table import Grammar

# For how many sentences a name can be meant that is not told again.
_REACH: Final = {"cluster": 2, "state": 2, "body": 2, "subject": 1}
_LETTERS: Final = {"cluster": "G", "state": "S", "body": "OV"}

_PLURAL: Final = ("s", "er", "и", "ы", "і")


class Referents:
    """The names that may be meant, each with the number of the sentence in which it stood."""

    def __init__(self) -> None:
        self.last: dict[str, tuple[int, Token]] = {}
        self.sentence = 0
        self.attackers = -1

    def resolve(self, masked: Masked, grammar: Grammar) -> None:
        """Put the name that is meant in the place of words that stand for it; go on to the next sentence."""
        self.sentence += 1
        for anaphor in grammar.anaphora:
            match = anaphor.pattern.search(masked.text)
            meant = self.last.get(anaphor.refers) if match else None
            if match is None or meant is None or self.sentence - meant[0] > _REACH[anaphor.refers]:
                continue
            start, end = match.span("word")
            if _stands(masked, meant[1]) or not _may_be(match["word"], meant[1], masked, grammar):
                continue
            # "Iranian actors calling themselves X ... The actors": they are the state's as much as the persona.
            if anaphor.refers == "cluster" and meant[0] == self.attackers and match["word"].lower().endswith(_PLURAL):
                continue
            masked.tokens.append(msgspec.structs.replace(meant[1], stands_for=masked.written(match["word"])))
            token = f"‹{meant[1].letter}{len(masked.tokens) - 1}›"
            masked.text = masked.text[:start] + token + masked.text[end:]
        self._remember(masked, grammar)

    def _remember(self, masked: Masked, grammar: Grammar) -> None:
        standing = masked.of(masked.text)
        if any(each.letter in "HK" for each in standing):
            self.attackers = self.sentence
        for kind, letters in _LETTERS.items():
            names = {(each.name, each.key, each.country): each for each in standing if each.letter in letters}
            if len(names) == 1:
                self.last[kind] = (self.sentence, next(iter(names.values())))
            elif names:
                self.last.pop(kind, None)
        plain = without_asides(masked.text, grammar)
        starts = subjects(plain, grammar)
        leading = masked.of(plain[slice(*starts[0])]) if starts else []
        if len(leading) == 1 and leading[0].letter in "SGOVHK":
            self.last["subject"] = (self.sentence, leading[0])
        else:
            self.last.pop("subject", None)


def _may_be(word: str, meant: Token, masked: Masked, grammar: Grammar) -> bool:
    """True where the words may be the name's: "it" that was read as a speaker may be a cluster, no state or body."""
    spoken = masked.of(word)
    return not spoken or (meant.letter == "G" and bool(grammar.words["pronoun"].fullmatch(spoken[0].text.strip())))


def _stands(masked: Masked, token: Token) -> bool:
    """True where the sentence names the one that would be meant, or another of its kind: then it is not carried on."""
    return any(each.letter == token.letter for each in masked.of(masked.text))
