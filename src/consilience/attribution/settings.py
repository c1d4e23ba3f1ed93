"""What an analyst may set: margins, discounts, and how much of the cheap evidence is taken as planted."""

from __future__ import annotations

from typing import Final

import msgspec

from consilience.model.case import Question


class WeighSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of one run; every one is printed with the assessment. All are start values, see ``docs/method.md``.

    ``min_posterior`` and ``min_odds``: below this posterior, or this many times the second's, the answer is withheld.
    ``min_evidence``: decibans that must speak for the leading hypothesis, else there is nothing to answer with.
    ``rho``: inside a group of traces the k-th further item keeps rho^k of its weight; ``rho_claims`` is the same for
    claims of one origin. ``unknown_prior``: P(an actor that is not among the hypotheses). ``imitation_share``: the
    part of the leading actor's prior that goes to somebody who imitates it; 0 leaves imitation out.
    ``planted_fraction``: the part of the traces within an imitator's reach that is taken as planted.
    ``period_slack``: days by which a dated event may lie outside the incident's period and still be about it.
    """

    min_posterior: float = 0.55
    min_odds: float = 2.0
    min_evidence: float = 5.0
    rho: float = 0.25
    rho_claims: float = 0.0
    unknown_prior: float = 0.3
    imitation_share: float = 0.1
    planted_fraction: float = 0.1
    period_slack: float = 90.0

    def for_question(self, question: Question) -> WeighSettings:
        """Return the settings as they apply to a question.

        Evidence on a link comes with the dependence between its items taken out already (``overlap.kind``), so none is
        taken out again; and imitation is one of the kinds of link itself.
        """
        if question is Question.WHO:
            return self
        return msgspec.structs.replace(self, rho=1.0, rho_claims=1.0, imitation_share=0.0)

    def numbers(self) -> dict[str, float]:
        """Return the settings by name, in alphabetical order."""
        return dict(sorted((name, float(getattr(self, name))) for name in self.__struct_fields__))


DEFAULTS: Final = WeighSettings()
