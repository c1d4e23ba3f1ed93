"""What analysts hold of a case's evidence and explanations: claims with an author, kept beside the data.

A judgement never changes what it is about. Those that stand are applied when the case is weighed; where analysts
contradict one another, neither is, and the assessment shows what each would make of it.
"""

from enum import StrEnum

import msgspec

from consilience.model.case import CaseHypothesis
from consilience.model.dates import PartialDate


class About(StrEnum):
    """What a judgement is about."""

    ITEM = "item"
    HYPOTHESIS = "hypothesis"


class Ruling(StrEnum):
    """What an analyst holds. ``PLANTED`` is of items alone, ``ADD`` of hypotheses alone.

    ``ACCEPT``: it stands as it is. ``REJECT``: an item weighs nothing, a hypothesis does not compete. ``PLANTED``: the
    item was made to point where it points. ``WITHDRAW`` takes back the same author's earlier ruling.
    """

    ACCEPT = "accept"
    REJECT = "reject"
    PLANTED = "planted"
    ADD = "add"
    WITHDRAW = "withdraw"


class CaseJudgement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One analyst's judgement of an item of evidence or a hypothesis, named by its id.

    ``hypothesis`` is what ``ADD`` adds; its id is ``target``. ``made`` is a date.
    """

    about: About
    target: str
    ruling: Ruling
    author: str
    made: PartialDate
    reason: str = ""
    hypothesis: CaseHypothesis | None = None
