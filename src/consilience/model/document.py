"""Documents and what reading one of them yields."""

import msgspec

from consilience.model.dates import UNKNOWN_DATE, PartialDate
from consilience.model.marking import Marking
from consilience.model.observable import Observation
from consilience.model.source import Source
from consilience.model.statement import Statement


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document as it came: named by the SHA-256 of its raw bytes, which the store keeps.

    ``source`` is the id of its publisher. ``format`` is the reader's name (``stix``, ``misp``, ``ioc-list``, ``csv``,
    ``text``, ``html``, ``pdf``, ``docx``, ``e-mail``, ``markdown``). ``retrieved`` is when the bytes were
    fetched, where that was said.
    """

    sha256: str
    name: str
    format: str
    size: int
    source: str = ""
    title: str = ""
    lang: str = ""
    published: PartialDate = UNKNOWN_DATE
    retrieved: PartialDate = UNKNOWN_DATE
    url: str = ""
    marking: Marking = Marking.CLEAR


class Passage(msgspec.Struct, frozen=True):
    """A piece of prose in a document, to be read by ``extract``. ``pointer`` is as in :class:`Place`."""

    text: str
    pointer: str = ""
    lang: str = ""


class Issue(msgspec.Struct, frozen=True):
    """Something in a document that was not taken: where, and why. ``lost`` is False for what is kept but not used."""

    place: str
    reason: str
    lost: bool = True


class StixObject(msgspec.Struct, frozen=True):
    """Where an object of a bundle stands in the raw bytes, so that it can be given out again to the byte."""

    id: str
    type: str
    start: int
    length: int


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one document yielded. Lists are not changed after the reader has returned.

    ``passages`` is prose for ``extract``; its first one is the stored text of a prose document.
    """

    document: Document
    sources: list[Source] = []
    statements: list[Statement] = []
    observations: list[Observation] = []
    objects: list[StixObject] = []
    passages: list[Passage] = []
    issues: list[Issue] = []
