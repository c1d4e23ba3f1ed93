"""Likelihood and confidence: two axes, each with the words that the source used. They are never one number.

ICD 203 (2015), D.6.e: a confidence level and a degree of likelihood are not combined in the same sentence.
"""

import msgspec


class Likelihood(msgspec.Struct, frozen=True, omit_defaults=True):
    """How probable a source calls something: its own term, the scale the term belongs to, and its interval.

    ``low`` and ``high`` are probabilities in [0, 1]. ``scale`` is empty for a word that belongs to no known scale.
    """

    term: str
    low: float
    high: float
    scale: str = ""
    lang: str = ""


class Confidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """How good a source calls its evidence base. ``level`` is ``low``, ``moderate`` or ``high``."""

    term: str
    level: str
    scale: str = ""
    lang: str = ""
