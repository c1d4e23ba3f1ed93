"""Ask a language model for proposals, over the chat interface that OpenAI's and most local servers speak.

Off unless an address is given. What a document's marking does not allow to leave this machine does not leave it: only
TLP:CLEAR goes to an address that is not loopback. What comes back counts for nothing until an analyst accepts it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from consilience.errors import InputError, MarkingError
from consilience.exchange.loopback import is_loopback
from consilience.extract.model_answers import LONGEST_ANSWER, messages, pieces, read_answer
from consilience.extract.passages import Lexicon
from consilience.model.document import Document, Issue, Passage
from consilience.model.marking import Marking
from consilience.model.statement import Statement

KEY: Final = "CONSILIENCE_MODEL_KEY"
"""The environment variable that holds the key, where the server wants one: it stands in no argument and no file."""

TIMEOUT_SECONDS: Final = 120.0
_LARGEST_RESPONSE: Final = 4 * LONGEST_ANSWER


class LanguageModel(msgspec.Struct, frozen=True):
    """Where a model answers (``url`` ends before ``/chat/completions``) and what it is called there."""

    url: str
    name: str

    @property
    def is_local(self) -> bool:
        """Whether the address is this machine's own (loopback)."""
        return is_loopback(urlsplit(self.url).hostname or "")


class Proposed(msgspec.Struct, frozen=True):
    """What a model proposes for a document, and what of its answers was dropped, with the reason."""

    statements: tuple[Statement, ...]
    dropped: tuple[Issue, ...]


def language_model(url: str, name: str) -> LanguageModel:
    """Return the model at an address; raise :class:`InputError` for one that cannot be, or that others could read."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InputError(
            "an address like https://host/v1, without a name, a key or a query in it, was expected", file=url
        )
    if not name.strip():
        raise InputError("the model has no name", file=url)
    model = LanguageModel(url.rstrip("/"), name.strip())
    if parts.scheme == "http" and not model.is_local:
        raise InputError("http without TLS goes to this machine only", file=url)
    return model


def propose(model: LanguageModel, document: Document, passages: Iterable[Passage], lexicon: Lexicon) -> Proposed:
    """Return a model's proposals for a document, in the order of the text.

    Raises :class:`MarkingError` where the document must not be sent there, and :class:`InputError` where the server
    cannot be asked. Answers that are not usable are dropped, and said to be.
    """
    if document.marking is not Marking.CLEAR and not model.is_local:
        raise MarkingError(f"a document marked {document.marking} is sent to no other machine", file=document.name)
    found: dict[str, Statement] = {}
    dropped: list[Issue] = []
    for passage in passages:
        for piece in pieces(passage):
            answer = _ask(model, messages(piece, passage, document))
            taken = read_answer(answer, model.name, piece, passage, document, lexicon)
            found.update((each.id, each) for each in taken.statements)
            where = f"{passage.pointer} chars {piece.start}-{piece.start + len(piece.text)}".strip()
            dropped += [msgspec.structs.replace(each, place=f"{where}: {each.place}") for each in taken.dropped]
    ordered = sorted(found.values(), key=lambda each: (each.place.pointer, each.place.start, each.id))
    return Proposed(tuple(ordered), tuple(dropped))


class _Message(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


def _ask(model: LanguageModel, chat: list[dict[str, str]]) -> str:
    """Return the text of one completion; what is not one is the server's error, not the text's."""
    import httpx

    body = {
        "model": model.name,
        "messages": chat,
        "temperature": 0,
        "stream": False,
        "response_format": {"type": "json_object"},
    }
    key = os.environ.get(KEY, "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    until = time.monotonic() + TIMEOUT_SECONDS
    try:
        # A proxy of the environment would carry loopback's traffic off this machine.
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=not model.is_local) as client,
            client.stream("POST", f"{model.url}/chat/completions", json=body, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise InputError(f"the model's server answered {response.status_code}", file=model.url)
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if len(data) > _LARGEST_RESPONSE or time.monotonic() > until:
                    raise InputError("the model's answer is too long, or takes too long", file=model.url)
        return msgspec.json.decode(bytes(data), type=_Completion).choices[0].message.content
    except httpx.HTTPError as error:
        raise InputError(f"the model cannot be asked: {type(error).__name__}", file=model.url) from error
    except (msgspec.DecodeError, IndexError, RecursionError, UnicodeError) as error:
        raise InputError("the server's answer is no chat completion", file=model.url) from error
