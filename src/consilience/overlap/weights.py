"""What one shared value is worth before it is looked at closely: the table of weights by unit of overlap.

``decibans`` is 10·log10 of P(two reports share such a value | same group) / P(share | different groups), measured on
Maltrail's lists; where a figure from the reports before 2023 alone exists (micro average: each pair of reports counts
once) it is used, because it owes nothing to later ones, otherwise the macro average over groups. The figures are
upper bounds: many blocks of those lists were found by pivoting from known infrastructure. ``listed`` replaces it for
a value that stands on a list of shared or benign infrastructure. ``half_life`` is in days; 0 means no decay.
``planted`` is the chance that somebody else planted such a value to point here; a likelihood ratio cannot exceed its
inverse, however exclusive the value (the lesson of Olympic Destroyer, whose forged header matched to 100 %).
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

IP_HALF_LIFE: Final = 60.0
"""Two months in days: two reports of one group that share an address lie 64 days apart at the median."""

NAME_HALF_LIFE: Final = 135.0
"""Four and a half months: the medians for domains and host names are 131 and 155 days."""


class UnitWeight(msgspec.Struct, frozen=True):
    """A row of the table; see the head of this module."""

    unit: str
    decibans: float
    listed: float
    half_life: float
    planted: float
    basis: str

    @property
    def cap(self) -> float:
        """The largest weight in decibans that the risk of planting leaves: ``10·log10(1 / planted)``."""
        return 10.0 * math.log10(1.0 / self.planted)


_NOT_MEASURED: Final = "not measured; set by hand, low"
_KEY: Final = "not measured; only the cap for what is hard to plant limits it"

UNIT_WEIGHTS: Final = (
    UnitWeight("ipv4-addr", 23.0, 11.9, IP_HALF_LIFE, 0.03, "before 2023; listed: less the 11.1 of the macro figures"),
    UnitWeight("ipv6-addr", 23.0, 11.9, IP_HALF_LIFE, 0.03, "as ipv4-addr"),
    UnitWeight("host-port", 23.0, 11.9, IP_HALF_LIFE, 0.03, "as ipv4-addr: the port adds little"),
    UnitWeight("network", 14.9, 13.2, NAME_HALF_LIFE, 0.05, "before 2023; listed: less the 1.7 of the macro figures"),
    UnitWeight("domain-name", 17.1, 1.2, NAME_HALF_LIFE, 0.03, "before 2023; listed: dynamic-DNS parent, before 2023"),
    UnitWeight("host", 19.3, 19.3, NAME_HALF_LIFE, 0.03, "exact host name, before 2023; below a shared suffix as well"),
    UnitWeight("url", 19.9, 19.9, IP_HALF_LIFE, 0.03, "URL path, before 2023; what follows a shared host as well"),
    UnitWeight("url-path", 19.9, 19.9, IP_HALF_LIFE, 0.03, "URL path, before 2023"),
    UnitWeight("email-addr", 10.0, 0.0, NAME_HALF_LIFE, 0.05, _NOT_MEASURED),
    UnitWeight("md5", 13.0, 0.0, 0.0, 0.05, _NOT_MEASURED),
    UnitWeight("sha1", 13.0, 0.0, 0.0, 0.05, _NOT_MEASURED),
    UnitWeight("sha256", 13.0, 0.0, 0.0, 0.05, _NOT_MEASURED),
    UnitWeight("sha512", 13.0, 0.0, 0.0, 0.05, _NOT_MEASURED),
    UnitWeight("x509-certificate", 25.2, 0.0, 0.0, 0.003, _KEY),
    UnitWeight("btc-wallet", 25.2, 0.0, 0.0, 0.003, _KEY),
    UnitWeight("eth-wallet", 25.2, 0.0, 0.0, 0.003, _KEY),
    UnitWeight("mutex", 6.0, 0.0, 0.0, 0.1, _NOT_MEASURED),
    UnitWeight("file-name", 2.0, 0.0, 0.0, 0.1, _NOT_MEASURED),
    UnitWeight("autonomous-system", 2.0, 0.0, 0.0, 0.1, _NOT_MEASURED),
    UnitWeight("cve", 2.0, 0.0, 0.0, 0.1, _NOT_MEASURED),
    UnitWeight("attack-pattern", 2.0, 0.0, 0.0, 0.1, _NOT_MEASURED),
)

OTHER_UNIT: Final = UnitWeight("other", 2.0, 0.0, 0.0, 0.1, _NOT_MEASURED)

_BY_UNIT: Final = {row.unit: row for row in UNIT_WEIGHTS}


def weight_of_unit(unit: str) -> UnitWeight:
    """Return the row for a unit of overlap, or the lowest one for a unit that the table does not know."""
    return _BY_UNIT.get(unit, OTHER_UNIT)
