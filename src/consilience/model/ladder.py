"""The ladder of attribution: activity cluster, group, organ, state. Each step is said by somebody, or is missing.

That a cluster is a group's, that the group works for an organ, and that the organ acts for its state are three claims
with three bodies of evidence. Which state, and how far it answers for the act, are two variables (Healey 2012).
"""

from enum import StrEnum

import msgspec

from consilience.model.words import Confidence, Likelihood


class Rung(StrEnum):
    """What an incident is traced to, the lowest first."""

    CLUSTER = "activity-cluster"
    GROUP = "group"
    ORGAN = "organ"
    STATE = "state"


class RungClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody's claim that reaches a rung: from ``subject`` to ``object``, in their words.

    ``skipped`` are the rungs that the claim leaps over. ``statement`` is empty for what a knowledge base publishes.
    ``degrees`` are the lowest and the highest grade of responsibility, 1 to 10, that its words leave open; ``None``
    where they say nothing of it.
    """

    source: str
    origins: tuple[str, ...]
    stance: str
    subject: str
    object: str
    skipped: tuple[Rung, ...] = ()
    statement: str = ""
    likelihood: Likelihood | None = None
    confidence: Confidence | None = None
    degrees: tuple[int, int] | None = None


class LadderStep(msgspec.Struct, frozen=True, kw_only=True):
    """One rung: whom claims put there, who says so and who denies it.

    ``confidence`` is in this step alone, and ``None`` where nobody supports it: the rung is then missing. ``origins``
    counts the independent origins of its support.
    """

    rung: Rung
    names: tuple[str, ...]
    support: tuple[RungClaim, ...]
    against: tuple[RungClaim, ...]
    origins: int
    confidence: Confidence | None


class Responsibility(msgspec.Struct, frozen=True, kw_only=True):
    """How far the state answers for the act: the grades that the claims leave open, the least first.

    ``grades`` are ids of ``scale`` and empty where no claim says anything of it. ``origins`` counts the independent
    origins that do. Where they exclude one another, ``disputed`` is true and ``grades`` spans all that any says.
    """

    scale: str
    grades: tuple[str, ...]
    origins: int
    disputed: bool


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """The ladder of the explanation that comes first. ``steps`` has the four rungs, the lowest first.

    ``named`` is the highest rung that the explanation itself names. A missing rung at or below it is a gap in the
    answer, not a detail.
    """

    hypothesis: str
    named: Rung
    steps: tuple[LadderStep, ...]
    responsibility: Responsibility

    @property
    def gaps(self) -> tuple[Rung, ...]:
        """The missing rungs up to the highest that the explanation names, the lowest first."""
        rungs = tuple(Rung)
        upto = rungs[: rungs.index(self.named) + 1]
        return tuple(step.rung for step in self.steps if step.confidence is None and step.rung in upto)
