"""The server as an ASGI application: who asks, how often, in which form; then the endpoint; then the audit log."""

from __future__ import annotations

import asyncio
import logging
import traceback
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import msgspec
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from consilience.exchange.taxii import endpoints
from consilience.exchange.taxii.authentication import Authenticator, Clocks
from consilience.exchange.taxii.collections import CollectionStore
from consilience.exchange.taxii.database import Database
from consilience.exchange.taxii.directory import read_secret
from consilience.exchange.taxii.endpoints import Call, Exchange, ExchangeEvent, Guard, ServerLimits
from consilience.exchange.taxii.envelope import Check
from consilience.exchange.taxii.markings import ReadDefinition
from consilience.exchange.taxii.media_types import accepts_taxii
from consilience.exchange.taxii.rate_limits import Rate, RateLimit
from consilience.exchange.taxii.refusals import RefusalError, too_many_requests
from consilience.exchange.taxii.responses import Answer, error_answer, to_response

Action = Callable[[Exchange, Call], Awaitable[Answer]]

_COLLECTION: Final = "/{root}/collections/{collection}"
PATHS: Final[Mapping[str, Mapping[str, Action]]] = {
    "/taxii2": {"GET": endpoints.get_discovery},
    "/{root}": {"GET": endpoints.get_api_root},
    "/{root}/status/{status}": {"GET": endpoints.get_status},
    "/{root}/collections": {"GET": endpoints.get_collections},
    _COLLECTION: {"GET": endpoints.get_collection},
    f"{_COLLECTION}/manifest": {"GET": endpoints.get_manifest},
    f"{_COLLECTION}/objects": {"GET": endpoints.get_objects, "POST": endpoints.add_objects},
    f"{_COLLECTION}/objects/{{object}}": {"GET": endpoints.get_object, "DELETE": endpoints.delete_object},
    f"{_COLLECTION}/objects/{{object}}/versions": {"GET": endpoints.get_versions},
}
"""The endpoints of the table in 3.1. The standard's paths end in a slash; without it they are served too."""

_log: Final = logging.getLogger(__name__)


class ServerSettings(msgspec.Struct, frozen=True):
    """How a server presents itself and what it allows."""

    title: str = "Consilience"
    contact: str = ""
    limits: ServerLimits = ServerLimits()
    account_rate: Rate = Rate(per_second=100, burst=500)
    address_rate: Rate = Rate(per_second=200, burst=1_000)


class Parts(msgspec.Struct, frozen=True):
    """What the application joins to the server: how bodies and objects are checked, and who is told what happened."""

    guard: Guard
    check: Check
    read_definition: ReadDefinition
    record: Callable[[ExchangeEvent], None]
    clocks: Clocks
    hasher: PasswordHasher | None = None


class TaxiiServer:
    """Answers requests for the endpoints in :data:`PATHS`."""

    def __init__(self, database: Database, exchange: Exchange, settings: ServerSettings, parts: Parts) -> None:
        self._exchange = exchange
        self._record = parts.record
        self._authenticator = Authenticator(database, parts.clocks, parts.hasher)
        self._accounts = RateLimit(settings.account_rate, parts.clocks.steady)
        self._addresses = RateLimit(settings.address_rate, parts.clocks.steady)

    async def answer(self, request: Request, actions: Mapping[str, Action]) -> Response:
        """Return the answer to a request for a path with these actions by method."""
        allowed = ", ".join(sorted({*actions, "OPTIONS", *(["HEAD"] if "GET" in actions else [])}))
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
        address = request.client.host if request.client else ""
        call: Call | None = None
        try:
            action = actions.get("GET" if request.method == "HEAD" else request.method)
            if action is None:
                raise RefusalError(HTTPStatus.METHOD_NOT_ALLOWED, "no such method here", {"Allow": allowed})
            call = await self._admitted(request, address)
            answer = await action(self._exchange, call)
        except RefusalError as refusal:
            answer = error_answer(refusal)
        self._tell(request, call, address, answer)
        return await to_response(answer, request)

    async def _admitted(self, request: Request, address: str) -> Call:
        """Return the call of an account that may ask now; raise :class:`RefusalError` (401, 406, 429)."""
        self._spend(self._addresses, address)
        account, directory = await self._authenticator.account(request.headers.get("authorization", ""), address)
        self._spend(self._accounts, account.name)
        if not accepts_taxii(request.headers.getlist("accept")):
            raise RefusalError(HTTPStatus.NOT_ACCEPTABLE, "the server answers in application/taxii+json;version=2.1")
        return Call(request, account, directory)

    def _spend(self, limit: RateLimit, key: str) -> None:
        seconds = limit.wait(key)
        if seconds:
            raise too_many_requests(seconds)

    def _tell(self, request: Request, call: Call | None, address: str, answer: Answer) -> None:
        place = request.path_params.get("collection", "")
        action = "released" if request.method in ("GET", "HEAD") else "deleted"
        if request.method == "POST":
            action = "received"
        if answer.status >= HTTPStatus.BAD_REQUEST:
            action = "refused"
        known = call is not None and (request.path_params.get("root", ""), place) in call.directory.collections
        self._record(
            ExchangeEvent(
                action=action,
                account=call.account.name if call else "",
                address=address,
                collection=place if known else "",
                objects=0 if request.method == "HEAD" else answer.objects,
                status=answer.status.value,
            )
        )


class _Path:
    """One path of the table, for all methods."""

    def __init__(self, server: Callable[[], TaxiiServer], actions: Mapping[str, Action]) -> None:
        self._server = server
        self._actions = actions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._server().answer(request, self._actions)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the boundary of the process: nothing of it may reach a client
            response = await _failure(request, error)
        await response(scope, receive, send)


async def _failure(request: Request, error: Exception) -> Response:
    """Answer 500 with a number, and log under it what went wrong and where.

    Not the error's own text: a database's errors quote values, and with them ids of objects.
    """
    number = str(uuid.uuid4())
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("error %s: %s\n%s", number, type(error).__name__, places)
    refusal = RefusalError(HTTPStatus.INTERNAL_SERVER_ERROR, f"the request failed; the server's log has it as {number}")
    return await to_response(error_answer(refusal), request)


async def _unknown_path(request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    return await to_response(error_answer(RefusalError(status, "there is no such resource")), request)


def build(open_database: Callable[[], Awaitable[Database]], settings: ServerSettings, parts: Parts) -> Starlette:
    """Return the application; the database is opened when it starts and closed when it ends."""
    running: list[TaxiiServer] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        database = await open_database()
        try:
            exchange = Exchange(
                store=CollectionStore(database, parts.read_definition),
                secret=await read_secret(database),
                clocks=parts.clocks,
                limits=settings.limits,
                guard=parts.guard,
                check=parts.check,
                title=settings.title,
                contact=settings.contact,
                bodies=asyncio.Semaphore(settings.limits.bodies_at_once),
                account_bodies=defaultdict(lambda: asyncio.Semaphore(settings.limits.account_bodies_at_once)),
            )
            running.append(TaxiiServer(database, exchange, settings, parts))
            yield
        finally:
            await database.close()

    routes = [
        Route(path + end, _Path(lambda: running[-1], actions)) for path, actions in PATHS.items() for end in ("/", "")
    ]
    application = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _unknown_path})
    application.router.redirect_slashes = False
    return application
