"""Reports made of words: the same common ones in all, and some of each cluster's own."""

from __future__ import annotations

import numpy as np

OWN_WORDS = {
    "Heron": ["bank", "ledger", "teller", "payment", "swift", "wire", "branch", "clerk", "vault", "coin"],
    "Otter": ["embassy", "visa", "consul", "delegate", "treaty", "envoy", "minister", "protocol", "accord", "attache"],
    "Lynx": ["turbine", "grid", "relay", "valve", "pump", "boiler", "reactor", "pylon", "meter", "substation"],
    "Stoat": ["ballot", "voter", "poll", "candidate", "party", "mandate", "turnout", "precinct", "census", "caucus"],
}
COMMON = [f"common{number}" for number in range(120)]


def report(cluster: str, seed: int, own: int = 12, words: int = 160) -> str:
    """A text of common words with ``own`` of the cluster's among them."""
    generator = np.random.default_rng(seed)
    drawn = [*generator.choice(COMMON, words), *(generator.choice(OWN_WORDS[cluster], own) if own else ())]
    generator.shuffle(drawn)
    return " ".join(drawn)
