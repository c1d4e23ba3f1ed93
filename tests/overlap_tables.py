"""A made-up table of observations, large enough for chance to be judged by: who shares what is plain from the code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

HEAD = "cluster,type,value,source,reference,reported,first,last"
FILLERS = 36
HOSTILE_NAME = "=HYPERLINK(1)"

_Row = tuple[str, ...]


def digest(text: str) -> str:
    """Return a SHA-256 digest that stands for a file called ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


def rows() -> Iterator[_Row]:
    """Yield observations, each report with values of its own so that none looks like a copy of another.

    Tin Otter and Wax Heron share six domains, used ten days apart and told by two reports each: a link. Tin Otter and
    Dust Newt share one file, which chance gives as well. A cluster with a hostile name shares three domains of 2019
    with Dust Newt, on one report each: a lead. Each of the others shares one domain with the next; nine have one file.
    """
    for part in range(2):
        otter = ("north", f"https://n.example/otter-{part}", "2024-03-05", "2024-02-01", "2024-02-03")
        heron = ("south", f"https://s.example/heron-{part}", "2024-04-05", "2024-02-13", "2024-02-20")
        for number in range(3):
            yield "Tin Otter", "domain-name", f"both-{part}{number}.example", *otter
            yield "Wax Heron", "domain-name", f"both-{part}{2 - number}.example", *heron
        for number in range(9):
            yield "Tin Otter", "domain-name", f"otter-{part}{number}.example", *otter
            yield "Wax Heron", "domain-name", f"heron-{part}{number}.example", *heron
    yield "Tin Otter", "sha256", digest("implant"), "north", "https://n.example/otter-0", "2024-03-05", "", ""
    yield "Dust Newt", "sha256", digest("implant"), "east", "https://e.example/newt", "2024-05-05", "", ""
    old = ("west", "https://w.example/old", "2019-05-05", "2019-01-01", "2019-03-01")
    newt = ("east", "https://e.example/newt-2019", "2019-06-05", "2019-02-01", "2019-02-20")
    for number in range(3):
        yield HOSTILE_NAME, "domain-name", f"old-{number}.example", *old
        yield "Dust Newt", "domain-name", f"old-{2 - number}.example", *newt
    for number in range(9):
        yield HOSTILE_NAME, "domain-name", f"west-{number}.example", *old
        yield "Dust Newt", "domain-name", f"newt-{number}.example", *newt
    for number in range(FILLERS):
        told = ("north", f"https://n.example/group-{number}", "2023-01-05", "", "")
        for value in (f"edge-{number}", f"edge-{(number + 1) % FILLERS}", *(f"own-{number}-{own}" for own in range(8))):
            yield f"Group {number:02}", "domain-name", f"{value}.example", *told
        if number % 4 == 0:
            yield f"Group {number:02}", "sha256", digest("loader"), *told


def table() -> str:
    """Return the rows as CSV."""
    return "\n".join([HEAD, *(",".join(row) for row in rows())]) + "\n"
