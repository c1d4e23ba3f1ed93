"""Make ``knowledge/data/overlap_background.toml`` from a checkout of Maltrail: counts of shared values, no values.

Usage: ``python bench/overlap_background.py CHECKOUT DATE > src/consilience/knowledge/data/overlap_background.toml``,
with DATE the date of the checkout. Every list ``trails/static/malware/apt_*.txt`` is a cluster; a continuation file
(``apt_gamaredon-1.txt``) belongs to the list that it continues. Values are counted in the units of
``knowledge.infrastructure``, so that a shared suffix is not one value. Nothing else is filtered: lists that are not
actors (``unclassified``, ``quasar``) and hosting ranges count too, as in the closed form's definition.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.knowledge.observable_syntax import classify

UNITS = ("ipv4-addr", "network", "host", "domain-name")


def read(folder: Path) -> tuple[int, dict[str, dict[str, set[str]]]]:
    """Return the number of files and, by unit, the values of each cluster."""
    holdings: dict[str, dict[str, set[str]]] = {unit: defaultdict(set) for unit in UNITS}
    files = sorted(folder.glob("trails/static/malware/apt_*.txt"))
    with tempfile.TemporaryDirectory() as cache:
        infrastructure = open_shared_infrastructure(Path(cache))
        for file in files:
            cluster = file.stem.removeprefix("apt_")
            cluster = re.sub(r"-\d$", "", cluster) if _continues(file) else cluster
            lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
            values = [found for line in lines if line and (found := classify(line))]
            for _, units in infrastructure.units_for((value.type, value.value) for value in values):
                for unit, value in units:
                    if unit in holdings:
                        holdings[unit][cluster].add(value)
    return len(files), holdings


def _continues(file: Path) -> bool:
    return file.with_name(re.sub(r"-\d$", "", file.stem) + ".txt").exists() and bool(re.search(r"-\d$", file.stem))


def table(unit: str, clusters: dict[str, set[str]], population: str) -> Iterator[str]:
    """Yield the lines of one ``[[background]]`` table."""
    degree = Counter(value for values in clusters.values() for value in values)
    holders: dict[str, list[str]] = defaultdict(list)
    for cluster in sorted(clusters):
        for value in clusters[cluster]:
            if degree[value] > 1:
                holders[value].append(cluster)
    pairs = Counter(pair for held in holders.values() for pair in combinations(held, 2))
    yield ""
    yield "[[background]]"
    yield f'population = "{population}"'
    yield f'unit = "{unit}"'
    yield f"total = {degree.total()}"
    yield f"sum-d-dm1 = {sum(d * (d - 1) for d in degree.values())}"
    yield ""
    yield "[background.clusters]"
    yield from (f'"{cluster}" = {len(clusters[cluster])}' for cluster in sorted(clusters))
    yield ""
    yield "[background.shared]"
    yield from (f'"{a}|{b}" = {count}' for (a, b), count in sorted(pairs.items()))


def main(checkout: str, date: str) -> None:
    """Print the table."""
    files, holdings = read(Path(checkout))
    population = f"Maltrail APT lists, {date}, {files} lists"
    print("# Counts of what the groups of Maltrail's lists share; made by bench/overlap_background.py, not by hand.")
    print(f"# Only these {files} lists were at hand: the project has more, and its own figures are higher.")
    print('source = "Maltrail, https://github.com/stamparm/maltrail, trails/static/malware/apt_*.txt"')
    print('licence = "MIT, Copyright (c) 2014-2026 Maltrail developers"')
    print(f'date = "{date}"')
    for unit in UNITS:
        for line in table(unit, holdings[unit], population):
            print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
