"""The endpoints as an OpenAPI 3.1 description: for people who write clients, and for tools that try a server out."""

from __future__ import annotations

from typing import Any, Final

from consilience.exchange.taxii.media_types import TAXII

_STATUSES: Final = {
    400: "The query parameters are malformed (3.4).",
    401: "The credentials are missing or wrong (1.6.9).",
    403: "The account lacks the right (5.4 to 5.7).",
    404: "There is no such resource, or it is not for this account.",
    405: "There is no such method here.",
    406: "The Accept header does not allow TAXII 2.1 (1.6.8).",
    408: "The body did not come in time.",
    413: "The body is larger than max_content_length (4.2.1).",
    415: "The body is not TAXII 2.1 (1.6.8).",
    422: "The body cannot be processed (5.5).",
    429: "Too many requests; Retry-After says when to ask again.",
}
_ALWAYS: Final = (401, 404, 405, 406, 429)
_TIMESTAMP: Final = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$",
    "examples": ["2026-01-01T00:00:00.000000Z"],
}
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}


def _object(required: tuple[str, ...], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: object) -> dict[str, object]:
    return {"type": "array", "minItems": 1, "items": items}


_DETAILS: Final = _list(_object(("id", "version"), id=_TEXT, version=_TEXT, message=_TEXT))
_PAGED: Final = {"more": {"type": "boolean"}, "next": _TEXT}
SCHEMAS: Final[dict[str, object]] = {
    "error": _object(("title",), title=_TEXT, description=_TEXT, http_status={"type": "string", "pattern": r"^\d{3}$"}),
    "discovery": _object(("title",), title=_TEXT, contact=_TEXT, default=_TEXT, api_roots=_list(_TEXT)),
    "api-root": _object(
        ("title", "versions", "max_content_length"),
        title=_TEXT,
        description=_TEXT,
        versions={**_list(_TEXT), "contains": {"const": TAXII}},
        max_content_length={"type": "integer", "minimum": 1},
    ),
    "status": _object(
        ("id", "status", "total_count", "success_count", "failure_count", "pending_count"),
        id={"type": "string", "format": "uuid"},
        status={"enum": ["complete", "pending"]},
        request_timestamp=_TIMESTAMP,
        total_count=_COUNT,
        success_count=_COUNT,
        failure_count=_COUNT,
        pending_count=_COUNT,
        successes=_DETAILS,
        failures=_DETAILS,
        pendings=_DETAILS,
    ),
    "collection": _object(
        ("id", "title", "can_read", "can_write"),
        id={"type": "string", "format": "uuid"},
        title=_TEXT,
        description=_TEXT,
        alias=_TEXT,
        can_read={"type": "boolean"},
        can_write={"type": "boolean"},
        media_types=_list(_TEXT),
    ),
    "collections": _object((), collections=_list({"$ref": "#/components/schemas/collection"})),
    "manifest": _object(
        (),
        **_PAGED,
        objects=_list(
            _object(("id", "date_added", "version"), id=_TEXT, date_added=_TIMESTAMP, version=_TEXT, media_type=_TEXT)
        ),
    ),
    "versions": _object((), **_PAGED, versions=_list(_TEXT)),
    "envelope": _object(
        (),
        **_PAGED,
        objects=_list(_object(("type", "id"), type=_TEXT, id=_TEXT)),
    ),
    "empty": {"type": "object", "maxProperties": 0},
}


def _query(name: str, text: str, schema: dict[str, object] | None = None) -> dict[str, object]:
    # A list of values is one text with commas: a tool that repeats the parameter would break 3.4.
    return {"name": name, "in": "query", "description": text, "schema": schema or {"type": "string", "minLength": 1}}


_PAGING: Final = [
    _query("added_after", "Only what was added after this moment.", dict(_TIMESTAMP)),
    _query("limit", "At most so many.", {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}),
    _query("next", "As the page before gave it.", {"type": "string"}),
]
_VERSION: Final = _query("match[version]", "all, or first, last and timestamps, with commas.")
_SPEC_VERSION: Final = _query("match[spec_version]", "2.0, 2.1 or both, with a comma.")
_MATCHES: Final = [
    _query("match[id]", "Ids with commas."),
    _query("match[type]", "Types with commas."),
    _VERSION,
    _SPEC_VERSION,
]


def _answer(schema: str, text: str) -> dict[str, object]:
    return {"description": text, "content": {TAXII: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def _operation(
    name: str, section: str, schema: str, parameters: list[dict[str, object]], *more: int, status: int = 200
) -> dict[str, object]:
    asked = (400, *more) if parameters else more
    return {
        "operationId": name,
        "summary": f"TAXII 2.1, {section}",
        "parameters": parameters,
        "responses": {
            str(status): _answer(schema, "Done."),
            **{str(code): _answer("error", _STATUSES[code]) for code in sorted({*_ALWAYS, *asked})},
        },
    }


def description(server: str = "/") -> dict[str, Any]:
    """Return the OpenAPI description of a server at the URL ``server``."""
    collection = "/{root}/collections/{collection}"
    add = _operation("addObjects", "5.5", "status", [], 403, 408, 413, 415, 422, status=202)
    add["requestBody"] = {
        "required": True,
        "content": {TAXII: {"schema": {"$ref": "#/components/schemas/envelope"}}},
    }
    paths: dict[str, dict[str, Any]] = {
        "/taxii2/": {"get": _operation("getDiscovery", "4.1", "discovery", [])},
        "/{root}/": {"get": _operation("getApiRoot", "4.2", "api-root", [])},
        "/{root}/status/{status}/": {"get": _operation("getStatus", "4.3", "status", [])},
        "/{root}/collections/": {"get": _operation("getCollections", "5.1", "collections", [])},
        f"{collection}/": {"get": _operation("getCollection", "5.2", "collection", [])},
        f"{collection}/manifest/": {"get": _operation("getManifest", "5.3", "manifest", _PAGING + _MATCHES, 403)},
        f"{collection}/objects/": {
            "get": _operation("getObjects", "5.4", "envelope", _PAGING + _MATCHES, 403),
            "post": add,
        },
        f"{collection}/objects/{{object}}/": {
            "get": _operation("getObject", "5.6", "envelope", [*_PAGING, _VERSION, _SPEC_VERSION], 403),
            "delete": _operation("deleteObject", "5.7", "empty", [_VERSION, _SPEC_VERSION], 403),
        },
        f"{collection}/objects/{{object}}/versions/": {
            "get": _operation("getVersions", "5.8", "versions", [*_PAGING, _SPEC_VERSION], 403)
        },
    }
    for path, item in paths.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names:
            item["parameters"] = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
    return {
        "openapi": "3.1.0",
        "info": {"title": "TAXII 2.1 as Consilience serves it", "version": "2.1"},
        "servers": [{"url": server}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": SCHEMAS,
        },
    }
