"""What is said to somebody whose request is not served (3.6.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from consilience.errors import ConsilienceError


class RefusalError(ConsilienceError):
    """A request that is not served: the HTTP status, a sentence, and headers that the status asks for."""

    def __init__(self, status: HTTPStatus, reason: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.status = status
        self.headers = headers
        super().__init__(reason)


def bad_request(reason: str) -> RefusalError:
    """Return the refusal of a malformed request (400)."""
    return RefusalError(HTTPStatus.BAD_REQUEST, reason)


def not_found() -> RefusalError:
    """Return the one answer to what is absent, of another account, or above the account's ceiling (404)."""
    return RefusalError(HTTPStatus.NOT_FOUND, "there is no such resource, or it is not for this account")


def unprocessable(reason: str) -> RefusalError:
    """Return the refusal of a body that cannot be processed (422)."""
    return RefusalError(HTTPStatus.UNPROCESSABLE_ENTITY, reason)


def too_many_requests(seconds: float) -> RefusalError:
    """Return the refusal of somebody who asks too often (429), with the seconds after which to ask again."""
    wait = {"Retry-After": str(math.ceil(seconds))}
    return RefusalError(HTTPStatus.TOO_MANY_REQUESTS, "too many requests", wait)


def too_large(most: int) -> RefusalError:
    """Return the refusal of a body above ``max_content_length`` (413); the connection ends with it."""
    reason = f"the body is larger than {most} bytes"
    return RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason, {"Connection": "close"})
