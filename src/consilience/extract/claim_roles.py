"""What a name, a pair of names or a sentence can be in a claim: the roles that the statistical reader tells apart."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from consilience.model.statement import Predicate, Stance

OF_ATTACKS: Final = "IMGHK"
"""Letters of the tokens of incidents, of malware and of attackers."""

_AFFIRMED: Final = (Stance.AFFIRMS, Stance.SUSPECTS)


class Role(msgspec.Struct, frozen=True):
    """A role, and the predicate and stances of the claims in which it is played; without one, of all but answers.

    ``end`` says what plays it: the ``subject`` or ``object`` of the claim or its ``speaker``; of a pair that the one
    named first is the subject (``forth``), the object (``back``) or ``either``; or the ``whole`` sentence.
    ``letters`` are those of the tokens that may play it.
    """

    name: str
    predicate: Predicate | None
    end: Literal["subject", "object", "speaker", "forth", "back", "either", "whole"]
    letters: str = ""
    stances: tuple[Stance, ...] = _AFFIRMED
    response: str = ""


_DONE: Final = (Stance.AFFIRMS,)
_ACTORS: Final = "SHKGC"

NAME_ROLES: Final = (
    Role("actor", Predicate.ATTRIBUTED_TO, "object", _ACTORS),
    Role("cleared", Predicate.ATTRIBUTED_TO, "object", _ACTORS + "PO", (Stance.DENIES,)),
    Role("unproven", Predicate.ATTRIBUTED_TO, "object", _ACTORS, (Stance.NO_EVIDENCE,)),
    Role("sponsor", Predicate.SPONSORED_BY, "object", "SHKCDO"),
    Role("sponsored", Predicate.SPONSORED_BY, "subject", "G"),
    Role("homeland", Predicate.ORIGINATES_FROM, "object", "SHKCD"),
    Role("native", Predicate.ORIGINATES_FROM, "subject", "G"),
    Role("persona", Predicate.CLAIMS_RESPONSIBILITY, "subject", "GHKV"),
    Role("responder", Predicate.RESPONDS, "subject", "SCOVPU", _DONE),
    Role("answered", Predicate.RESPONDS, "object", "SHKGCD", _DONE),
    Role("urged", Predicate.RESPONDS, "object", "SHKGCD", (Stance.RECOMMENDS,)),
    Role("user", Predicate.USES, "subject", "GHK"),
    Role("tool", Predicate.USES, "object", "M"),
    Role("attacker", Predicate.TARGETS, "subject", "GHKS"),
    Role("victim", Predicate.TARGETS, "object", "SCDTOV"),
    Role("party", Predicate.AGREES, "subject", "SCDOV", _DONE),
    Role("other-party", Predicate.AGREES, "object", "SCDOV", _DONE),
    Role("supplier", Predicate.SUPPLIES, "subject", "SCDOVGHKP", _DONE),
    Role("recipient", Predicate.SUPPLIES, "object", "SCDOVGHK", _DONE),
    Role("speaker", None, "speaker", "SCOVPU", (Stance.AFFIRMS, Stance.SUSPECTS, Stance.NO_EVIDENCE, Stance.DECLINES)),
    Role("denier", None, "speaker", "SCOVPUK", (Stance.DENIES,)),
)
PAIR_ROLES: Final = (
    Role("alias", Predicate.ALSO_KNOWN_AS, "either", "G"),
    Role("overlap", Predicate.OVERLAPS, "either", "G"),
    Role("shared", Predicate.SHARES_INFRASTRUCTURE, "either", "G"),
    Role("allies", Predicate.COOPERATES, "either", "G"),
    Role("part", Predicate.PART_OF, "forth", "G"),
    Role("whole-of", Predicate.PART_OF, "back", "G"),
    Role("imitator", Predicate.IMITATES, "forth", "GM"),
    Role("imitated", Predicate.IMITATES, "back", "GM"),
    Role("hijacker", Predicate.HIJACKS, "forth", "G"),
    Role("hijacked", Predicate.HIJACKS, "back", "G"),
    Role("used-by", Predicate.USES, "back", "GM"),
    Role("uses", Predicate.USES, "forth", "GM"),
)
SENTENCE_ROLES: Final = (
    Role("attributes", Predicate.ATTRIBUTED_TO, "whole"),
    Role("suspects", Predicate.ATTRIBUTED_TO, "whole", stances=(Stance.SUSPECTS,)),
    Role("denies", Predicate.ATTRIBUTED_TO, "whole", stances=(Stance.DENIES,)),
    Role("declines", Predicate.ATTRIBUTED_TO, "whole", stances=(Stance.DECLINES,)),
    Role("no-evidence", Predicate.ATTRIBUTED_TO, "whole", stances=(Stance.NO_EVIDENCE,)),
    Role("effect", Predicate.HAS_EFFECT, "whole"),
    Role("self-claim", Predicate.CLAIMS_RESPONSIBILITY, "whole"),
    Role("responds", Predicate.RESPONDS, "whole", stances=_DONE),
    Role("recommends", Predicate.RESPONDS, "whole", stances=(Stance.RECOMMENDS,)),
    Role("agrees", Predicate.AGREES, "whole", stances=_DONE),
    Role("supplies", Predicate.SUPPLIES, "whole", stances=_DONE),
    Role("targets", Predicate.TARGETS, "whole"),
    Role("sponsors", Predicate.SPONSORED_BY, "whole"),
    Role("originates", Predicate.ORIGINATES_FROM, "whole"),
    *(
        Role(kind, Predicate.RESPONDS, "whole", "", (Stance.AFFIRMS, Stance.RECOMMENDS), kind)
        for kind in (
            "diplomatic-rupture",
            "expulsion",
            "ambassador-summoned",
            "ambassador-recalled",
            "sanction",
            "indictment",
            "condemnation",
            "advisory",
            "technical-measure",
            "further-measures",
        )
    ),
)
ROLES: Final = {role.name: role for role in (*NAME_ROLES, *PAIR_ROLES, *SENTENCE_ROLES)}
RESPONSE_KINDS: Final = tuple(role.name for role in SENTENCE_ROLES if role.response)
PREDICATES: Final = {role.name: role.predicate for role in ROLES.values() if role.predicate is not None}
