"""Which of Maltrail's reports are taken for copies of one another: what ``overlap.copies.CopyRules`` was tuned on.

``python bench/overlap/copied_reports.py`` prints, for pairs of report blocks that share two values or more, how many
each rule calls a copy: among pairs that cite one reference (a run of ``# Reference`` lines names several, of which the
first names the block), among other pairs in the list of one group, and among pairs of different groups, which should be
independent. All blocks were used for tuning; nothing was held back.
"""

from __future__ import annotations

import re
import sys
import tarfile
import time
from collections import Counter, defaultdict
from itertools import combinations

from dependence import MALTRAIL, observations

from consilience.overlap.copies import find_copies
from consilience.overlap.report_keys import key_of

REFERENCE = re.compile(r"#\s*Reference:\s*(\S+)")


def cited() -> dict[str, set[str]]:
    """Return for each report that opens a run of references all that the run names."""
    together: dict[str, set[str]] = defaultdict(set)
    with tarfile.open(MALTRAIL) as archive:
        for member in archive:
            packed = archive.extractfile(member) if member.isfile() else None
            run: list[str] = []
            for line in packed.read().decode("utf-8", "replace").splitlines() if packed else ():
                found = REFERENCE.match(line)
                if found:
                    run.append(key_of("", found[1]))
                    together[run[0]].add(run[-1])
                elif line.strip():
                    run = []
    return together


def main() -> int:
    """Print the table; return 1 where the lists are not there."""
    if not MALTRAIL.exists():
        print(f"{MALTRAIL.name} is not beside the project")
        return 1
    table, together = observations(), cited()
    columns = (table[name].to_pylist() for name in ("cluster", "source", "report", "type", "value"))
    groups: dict[str, set[str]] = defaultdict(set)
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for cluster, source, report, type_, value in zip(*columns, strict=True):
        if report:
            key = key_of(source, report)
            groups[key].add(cluster)
            holders[type_, value].add(key)
    shared = Counter(pair for held in holders.values() for pair in combinations(sorted(held), 2))
    start = time.process_time()
    copies = find_copies(table)
    spent = time.process_time() - start
    rule = {frozenset((each.report, each.repeats)): each.rule for each in copies.derivations}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (one, other), count in shared.items():
        if count >= 2:
            cites_one = together[one] & together[other]
            kind = "one reference" if cites_one else "same group" if groups[one] & groups[other] else "different groups"
            found[kind][rule.get(frozenset((one, other)), "no copy")] += 1
    for kind, counts in found.items():
        print(f"{kind:17} {counts.total():4} pairs: {', '.join(f'{n} {name}' for name, n in counts.most_common())}")
    sure = sum(each.sure for each in copies.derivations)
    print(f"{len(copies.derivations)} copies among {len(groups)} reports, direction known of {sure}; {spent:.2f} s CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
