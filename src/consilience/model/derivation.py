"""Which text repeats which, and where a repetition says something else than its origin."""

from enum import StrEnum

import msgspec


class DerivationKind(StrEnum):
    """How it shows that a text repeats another.

    ``declared``: the case says that the publisher repeats the other; ``link``: the address of the other document stands
    in it; ``citation``: it names the other's publisher as the one who says so; ``quotation``: words in quotation marks
    stand in the other; ``reattributed``: the same, in another mouth; ``passage``: the same words; ``translation``: the
    same names, numbers, dates and observables in the same order in another language.
    """

    DECLARED = "declared"
    LINK = "link"
    CITATION = "citation"
    QUOTATION = "quotation"
    REATTRIBUTED = "reattributed"
    PASSAGE = "passage"
    TRANSLATION = "translation"


REPEATING: frozenset[DerivationKind] = frozenset(
    {
        DerivationKind.QUOTATION,
        DerivationKind.REATTRIBUTED,
        DerivationKind.PASSAGE,
        DerivationKind.TRANSLATION,
    }
)
"""Kinds by which a passage is the other's own words: what is claimed in it is no second word for it."""


class Excerpt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words and where they stand: offsets count code points of the passage at ``pointer`` and are -1 for no place.

    ``statement`` is the id of the statement whose words they are, where they are one's.
    """

    document: str
    pointer: str = ""
    start: int = -1
    end: int = -1
    text: str = ""
    lang: str = ""
    statement: str = ""


class Difference(msgspec.Struct, frozen=True):
    """What two tellings of one thing give differently: ``kind`` is ``number``, ``date``, ``observable`` or ``speaker``.

    A side that gives several has them joined by commas.
    """

    kind: str
    later: str
    earlier: str


class Derivation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``later`` repeats ``earlier``, each with its document.

    ``score`` in (0, 1] is the part of the later passage that agrees, and 1 for what is named or declared. ``directed``
    is false where dates do not say which came first: the other way round is then as likely. ``copy`` says that most of
    the later document is the other's.
    """

    kind: DerivationKind
    later: Excerpt
    earlier: Excerpt
    score: float = 1.0
    directed: bool = True
    copy: bool = False
    differences: tuple[Difference, ...] = ()


class DriftKind(StrEnum):
    """What became of the origin's words."""

    DROPPED = "qualifier-dropped"
    HARDENED = "hardened"
    SOFTENED = "softened"
    SCOPE = "scope-changed"
    MISTRANSLATED = "mistranslated"


class Change(msgspec.Struct, frozen=True):
    """How a relay says something else: the words of the origin and those of the relay, empty where it has none."""

    kind: DriftKind
    was: str
    became: str


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that relays another and says something else; ``changes`` is never empty."""

    later: Excerpt
    earlier: Excerpt
    changes: tuple[Change, ...]


class RepeatedClaim(msgspec.Struct, frozen=True):
    """A statement by its id whose words are another's: ``origins`` are the sources whose words they are."""

    statement: str
    origins: tuple[str, ...]


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """The derivations among some documents, the claims that are repetitions, and the drift.

    ``repeating`` maps a source all of whose own claims are repetitions to those whose words they are. ``documents``
    and ``publishers`` count what was compared, ``origins`` the first publishers that are left when each that repeats
    others, as found or as declared, is counted with them.
    """

    derivations: tuple[Derivation, ...] = ()
    repeated: tuple[RepeatedClaim, ...] = ()
    repeating: dict[str, tuple[str, ...]] = {}
    drifts: tuple[Drift, ...] = ()
    documents: int = 0
    publishers: int = 0
    origins: int = 0
