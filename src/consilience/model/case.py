"""A case: the question, what is known beforehand, which explanations compete, and where the documents are."""

from enum import StrEnum

import msgspec

from consilience.model.dates import Period
from consilience.model.marking import Marking
from consilience.model.source import Source


class Question(StrEnum):
    """What the case asks: who is behind an incident, or what sort of link there is between two clusters."""

    WHO = "who"
    LINK = "link"


class CaseDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document of the case. ``source`` overrides what the document says of its publisher."""

    path: str
    source: str = ""
    url: str = ""
    published: str = ""
    lang: str = ""
    mapping: str = ""


class CaseHypothesis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An explanation to be weighed. ``label`` by language; ``names`` are the names whose evidence speaks for it.

    ``country`` (ISO 3166-1 alpha-2) is the sponsor that the explanation implies. ``prior`` is a probability; 0 leaves
    it to the method (equal shares of what "unknown" leaves over).
    """

    id: str
    label: dict[str, str]
    names: tuple[str, ...] = ()
    country: str = ""
    prior: float = 0.0


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case as its ``case.yaml`` gives it. Texts are by language (``en``, ``fr``); countries are ISO alpha-2 codes."""

    id: str
    title: dict[str, str]
    question: Question
    asks: dict[str, str]
    incident: Period = Period()
    victims: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    hypotheses: tuple[CaseHypothesis, ...] = ()
    languages: tuple[str, ...] = ("en", "fr")
    sources: tuple[Source, ...] = ()
    documents: tuple[CaseDocument, ...] = ()
    marking: Marking = Marking.CLEAR
