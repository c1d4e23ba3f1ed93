"""An observation as it is compared: cut into the units in which a value can be shared."""

import msgspec

from consilience.model.marking import Marking


class UnitRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An observation, cut into one unit in which it can be shared.

    ``unit`` and ``unit_value`` are as ``knowledge.infrastructure.overlap_units`` gives them, ``listed`` names the list
    of shared infrastructure that the value stands on; the others are those of ``model.observable.Observation``.
    ``marking`` is that of the document that gives the row.
    """

    type: str
    value: str
    unit: str
    unit_value: str
    cluster: str
    source: str
    document: str
    place: str
    report: str = ""
    first: str = ""
    last: str = ""
    reported: str = ""
    listed: str = ""
    marking: Marking = Marking.CLEAR
