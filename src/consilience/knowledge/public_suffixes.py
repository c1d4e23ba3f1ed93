"""The Public Suffix List as packed with tldextract, read without that library's start-up time; nothing is fetched.

The algorithm is the list's own (publicsuffix.org, "Format"): the longest rule wins, ``*`` stands for one label, ``!``
takes a name out of a wildcard. Private sections count: a name directly under one belongs to one customer.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_SNAPSHOT: Final = ".tld_set_snapshot"


@cache
def suffix_rules() -> frozenset[str]:
    """Return the rules of the list, IDNA-encoded where they are not ASCII. Raises ``FileNotFoundError`` without it."""
    package = find_spec("tldextract")
    if package is None or package.origin is None:
        raise FileNotFoundError("tldextract, which brings the Public Suffix List, is not installed")
    rules = set()
    for line in (Path(package.origin).parent / _SNAPSHOT).read_text("utf-8").splitlines():
        if line and not line.startswith("//"):
            rules.add(line if line.isascii() else line.encode("idna").decode("ascii"))
    return frozenset(rules)


def is_registrable(host: str) -> bool:
    """True for a name in normal form that ends in a public suffix and is not a public suffix itself."""
    return registered_part(host) != ""


def registered_part(host: str) -> str:
    """Return the public suffix of a name in normal form with the label before it: what one party registers.

    Empty for a name that ends in no public suffix, or that is one itself.
    """
    rules = suffix_rules()
    before, name = "", host
    while name:
        _, _, above = name.partition(".")
        if f"!{name}" in rules:
            return name
        # The suffix is `name` itself, or one label more where a wildcard stands above it.
        if name in rules or f"*.{above}" in rules:
            return "" if before.startswith(".") else before
        before, name = name, above
    return ""
