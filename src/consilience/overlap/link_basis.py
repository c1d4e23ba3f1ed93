"""What the kind of link between two clusters is told from, as one value that can be kept and sent."""

from __future__ import annotations

import msgspec

from consilience.model.assessment import PairOverlap
from consilience.model.unit_row import UnitRow
from consilience.overlap.pair_knowledge import PairKnowledge, ReportedArtefact


class LinkBasis(msgspec.Struct, frozen=True, kw_only=True):
    """What the two clusters of a case share and what is known of them, before any statement of the case is read.

    ``a`` and ``b`` are the names of each side, the one to show first. ``rows`` are the observations from which
    ``overlaps`` were counted, where they are few enough to travel: with ``complete`` they are all of them, and the
    overlaps can be counted again; without, the overlaps are the word of who counted them.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    overlaps: tuple[PairOverlap, ...] = ()
    artefacts: tuple[ReportedArtefact, ...] = ()
    knowledge: PairKnowledge = PairKnowledge()
    rows: tuple[UnitRow, ...] = ()
    complete: bool = False
