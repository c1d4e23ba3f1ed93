"""Regular expressions that cannot hang: RE2, as pyarrow brings it along, for MATCHES.

STIX asks for PCRE (9.6.1), whose matching time can grow exponentially with a text that an attacker chose. RE2 is
linear and needs no clock, so that an answer does not depend on the machine. What RE2 lacks (looking ahead and behind,
back references, possessive quantifiers) is refused with its name. pyarrow is imported where it is used: it costs 0.1 s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_PREFIX: Final = re.compile(r"^Invalid regular expression:\s*")


def matching_texts(expression: str, texts: Sequence[str]) -> list[str]:
    """Return those of ``texts`` in which ``expression`` is found anywhere, compared in NFC.

    Raises ``ValueError`` for an expression that RE2 does not take.
    """
    import pyarrow as pa

    # JSON can carry half of a surrogate pair, which is no character.
    sound = [unicodedata.normalize("NFC", text).encode("utf-8", "replace") for text in texts]
    normal = pa.array(sound, pa.string())
    return [text for text, found in zip(texts, _found(normal, expression), strict=True) if found]


def matching_bytes(expression: str, values: Sequence[bytes]) -> list[bytes]:
    """Return those of ``values`` in which ``expression`` is found, each byte taken as the character of its number."""
    import pyarrow as pa

    found = _found(pa.array([value.decode("latin-1") for value in values], pa.string()), expression)
    return [value for value, found in zip(values, found, strict=True) if found]


def _found(array: object, expression: str) -> list[bool]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.match_substring_regex(array, expression).to_pylist()  # type: ignore[no-any-return]
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        raise ValueError(f"the regular expression cannot be used: {_PREFIX.sub('', str(error))}") from error
