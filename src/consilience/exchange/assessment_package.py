"""The assessment package: an assessment with all that a partner needs to weigh it again, as one file.

It holds what sources said (not the texts of the documents, only their digests), the observations used, the case, the
judgements, the settings, the answers that knowledge gave, the versions of method and knowledge, and the assessment that
the sender got. It travels in a DSSE envelope as :data:`PAYLOAD_TYPE`, or bare.

The form is fixed: the JSON that this module writes, with keys of mappings in order and no white space. A signature is
over those bytes; :func:`decode` takes no others, so that no two readings of one package exist.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Final

import msgspec

from consilience.attribution.knowledge_excerpt import KnowledgeExcerpt
from consilience.attribution.material import CaseMaterial
from consilience.attribution.settings import WeighSettings
from consilience.errors import FormatError, LimitError
from consilience.exchange.release import Released, ReleaseNote
from consilience.model.assessment import Assessment
from consilience.model.derivation import Lineage
from consilience.model.statement import statement_id
from consilience.overlap.link_basis import LinkBasis

SCHEMA: Final = "consilience-assessment-package/1"
PAYLOAD_TYPE: Final = "application/vnd.consilience.assessment+json"
LARGEST: Final = 128 << 20
"""Bytes of a package; the worked cases have 0.4 and 0.1 MB."""


class AssessmentPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What travels. ``author`` is the STIX identity of the centre that made it, ``note`` what it says of the release.

    ``link`` is there for the question of a link alone. ``lineage`` is which text repeats which, as the sender found by
    comparing them; what follows of it stands in the sources and statements of ``material``. ``program`` is the version
    of Consilience that weighed it.
    """

    schema: str
    author: str
    author_name: str
    program: str
    method: str
    note: ReleaseNote
    settings: WeighSettings
    material: CaseMaterial
    knowledge: KnowledgeExcerpt
    link: LinkBasis | None
    lineage: Lineage
    assessment: Assessment


def encode(package: Released[AssessmentPackage]) -> bytes:
    """Return the bytes of a package that may leave; equal packages give equal bytes."""
    return _bytes(package.value)


def _bytes(package: AssessmentPackage) -> bytes:
    return msgspec.json.encode(package, order="deterministic")


def decode(data: bytes, *, file: str = "") -> AssessmentPackage:
    """Return the package that ``data`` holds. Nothing of it is believed by this.

    Raises :class:`LimitError` for more than :data:`LARGEST` bytes or nesting without end, and :class:`FormatError`,
    with the place, for anything else than the exact form: a key that stands twice, a field that is not known, white
    space, a number written in another way.
    """
    if len(data) > LARGEST:
        raise LimitError(f"has {len(data):,} bytes, more than the limit of {LARGEST:,}", file=file)
    try:
        found = msgspec.json.decode(data, type=AssessmentPackage)
    except RecursionError as error:
        raise LimitError("is nested too deeply to be read", file=file) from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise FormatError(f"is no assessment package: {error}", file=file) from error
    if found.schema != SCHEMA:
        raise FormatError(f"is {found.schema!r}; this Consilience reads {SCHEMA}", file=file, place="schema")
    written = _bytes(found)
    if written != data:
        at = next((n for n, (one, other) in enumerate(zip(written, data, strict=False)) if one != other), len(written))
        raise FormatError("is not in the form in which packages are written", file=file, place=f"byte {at}")
    return found


def changed_statements(package: AssessmentPackage) -> tuple[str, ...]:
    """Return the ids of statements whose content gives another id, and of those that stand twice, sorted."""
    held = Counter(each.id for each in package.material.statements)
    wrong = {each.id for each in package.material.statements if statement_id(each) != each.id}
    return tuple(sorted(wrong | {each for each, times in held.items() if times > 1}))


def digest(data: bytes) -> str:
    """Return the SHA-256 of a package's bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
