"""One sentence while it is read, and what stays the same over the sentences of a passage."""

from __future__ import annotations

from typing import Final

import msgspec

from consilience.extract.masking import Masked, Token
from consilience.extract.referents import Referents
from consilience.extract.rule_table import Grammar
from consilience.extract.sentences import Sentence
from consilience.extract.speakers import Memory, Scope, Speaker
from consilience.model.document import Document, Passage
from consilience.model.statement import Predicate, SpeechAct

OF_STATES: Final = frozenset({Predicate.RESPONDS, Predicate.AGREES})
"""What states do is told, whoever tells it: the act is a description."""


def act_of(predicate: str, speaker: Speaker) -> SpeechAct:
    """Return what a speaker does by making a claim with this predicate."""
    return SpeechAct.DESCRIPTION if predicate in OF_STATES else speaker.act


class Context(msgspec.Struct):
    """What stays the same over the sentences of a passage, save what is remembered from one to the next.

    ``before`` are the clusters of the sentence before. ``listing`` is true while the items of a list are read whose
    first line recommends what follows.
    """

    passage: Passage
    document: Document
    grammar: Grammar
    memory: Memory
    own: Speaker
    cyber: bool
    before: list[Token]
    referents: Referents
    listing: bool = False


class Reading(msgspec.Struct):
    """One sentence while it is read: ``used`` are numbers of tokens that a denial or the like has taken.

    ``listed`` is true for an item of a list whose first line recommends what follows.
    """

    context: Context
    sentence: Sentence
    quote: str
    masked: Masked
    scopes: list[Scope]
    used: set[str]
    seen: set[tuple[object, ...]]
    clusters: list[Token]
    listed: bool = False
