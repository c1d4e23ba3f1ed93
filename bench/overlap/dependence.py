"""How much a further shared value adds: Maltrail's reports before 2023 that share one, two or more values of a family.

``python bench/overlap/dependence.py`` prints, for addresses and for names, how many pairs of reports share exactly k
pieces of evidence (``overlap.weights``: an address and its /24 are one, a host name and its domain too), by whether
both reports stand in the list of one group, and the weight that this gives in decibans. The last column is what the
further pieces add together, in parts of the first: by ``overlap.weights.RHO`` the second adds rho, and all of them at
most rho / (1 - rho). Left out are pairs of which one report repeats the other (``overlap.copies``), reports of several
groups, values on a list of shared infrastructure, and reports without a date or from 2023 on.
"""

from __future__ import annotations

import math
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pyarrow as pa

from consilience.formats.context import ReadContext
from consilience.formats.ioc_list import read
from consilience.knowledge.infrastructure import open_shared_infrastructure, overlap_units
from consilience.overlap.copies import find_copies
from consilience.overlap.report_keys import key_of

MALTRAIL = Path(__file__).parents[3] / "shared" / "data" / "maltrail" / "maltrail-apt-2026-01-03.tar.xz"
FAMILY = {"ipv4-addr": "address", "network": "address", "host": "name", "domain-name": "name"}
BEFORE = "2023"
HUB = 50
"""Values in more reports than this are left out: what they add to chance is what everybody has."""

BANDS = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4-7": (4, 7), "8+": (8, sys.maxsize), "2+": (2, sys.maxsize)}

Piece = tuple[str, str]


def observations() -> pa.Table:
    """Return the rows of the lists, in the order of each list."""
    names = ("cluster", "source", "report", "reported", "type", "value")
    columns: dict[str, list[str]] = {name: [] for name in names}
    with tarfile.open(MALTRAIL) as archive:
        for member in sorted(archive, key=lambda each: each.name):
            if not member.isfile():
                continue
            packed = archive.extractfile(member)
            assert packed is not None
            for each in read(packed.read(), ReadContext(name=Path(member.name).name)).observations:
                for name in names:
                    columns[name].append(getattr(each, name))
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})


def reports(table: pa.Table, cache: Path) -> tuple[dict[str, set[str]], dict[str, dict[Piece, Piece]]]:
    """Return the groups of each dated report before 2023, and its units, each with the piece that it belongs to."""
    lists = open_shared_infrastructure(cache)
    groups: dict[str, set[str]] = defaultdict(set)
    units: dict[str, dict[Piece, Piece]] = defaultdict(dict)
    for row in table.to_pylist():
        key = key_of(row["source"], row["report"])
        if not row["report"] or not row["reported"] or row["reported"] >= BEFORE:
            continue
        groups[key].add(row["cluster"])
        class_, _ = lists.category(row["type"], row["value"])
        if class_:
            continue  # benign, or rented by many: weighed apart
        found = [unit for unit in overlap_units(row["type"], row["value"], "") if unit[0] in FAMILY]
        for unit in found:
            units[key][unit] = found[-1]
    return groups, units


def shared_pieces(units: dict[str, dict[Piece, Piece]]) -> dict[tuple[str, str], dict[str, int]]:
    """Return for each pair of reports that share something how many pieces of each family they share."""
    holders: dict[Piece, list[str]] = defaultdict(list)
    for report, own in units.items():
        for piece in set(own.values()):
            holders[piece].append(report)
    pieces: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (unit, _), held in holders.items():
        if len(held) <= HUB:
            for one, other in combinations(sorted(held), 2):
                pieces[one, other][FAMILY[unit]] += 1
    return pieces


def main() -> int:
    """Print the table; return 1 where the lists are not there."""
    if not MALTRAIL.exists():
        print(f"{MALTRAIL.name} is not beside the project")
        return 1
    table = observations()
    groups, units = reports(table, Path(tempfile.gettempdir()) / "consilience-bench-cache")
    single = sorted(report for report in groups if len(groups[report]) == 1)
    of = {report: next(iter(groups[report])) for report in single}
    sizes = Counter(of.values())
    same_pairs = sum(math.comb(size, 2) for size in sizes.values())
    other_pairs = math.comb(len(single), 2) - same_pairs
    copied = {frozenset((each.report, each.repeats)) for each in find_copies(table).derivations}
    print(
        f"{len(single)} reports before {BEFORE} of {len(sizes)} groups; pairs: {same_pairs} same, {other_pairs} other"
    )
    found: dict[str, dict[str, Counter[bool]]] = defaultdict(lambda: defaultdict(Counter))
    for (one, other), families in shared_pieces(units).items():
        if one in of and other in of and frozenset((one, other)) not in copied:
            for family, count in families.items():
                for band, (least, most) in BANDS.items():
                    found[family][band][of[one] == of[other]] += least <= count <= most
    for family, bands in sorted(found.items()):
        print(f"{family:8} shared  same  other  decibans  further")
        first = 0.0
        for band in BANDS:
            same, other_groups = bands[band][True], bands[band][False]
            if not same + other_groups:
                print(f"{'':8} {band:>6}     0      0")
                continue
            ratio = ((same + 0.5) / (same_pairs + 1)) / ((other_groups + 0.5) / (other_pairs + 1))
            decibans = 10.0 * math.log10(ratio)
            first = first or decibans
            print(f"{'':8} {band:>6} {same:5} {other_groups:6} {decibans:9.1f} {decibans / first - 1.0:8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
