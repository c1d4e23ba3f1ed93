"""A collection with a history, and what the tests of the endpoints ask of every answer."""

from __future__ import annotations

from typing import Any

import httpx

from taxii_server import TAXII, Server, indicator, status_of

STAMP = "2026-01-01T00:00:{:02d}.000Z"
X_FIRST, X_LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"

MALWARE = {
    "type": "malware",
    "spec_version": "2.1",
    "id": "malware--c0931cc6-c75e-47e5-9036-78fabc95d4ec",
    "created": "2017-01-27T13:49:53.997Z",
    "modified": "2017-01-27T13:49:53.997Z",
    "is_family": True,
}
OLD = {key: value for key, value in MALWARE.items() if key != "spec_version"} | {
    "id": "malware--d0931cc6-c75e-47e5-9036-78fabc95d4ec",
    "modified": "2018-02-23T18:30:00.000Z",
}
ADDRESS = {"type": "ipv4-addr", "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd", "value": "198.51.100.3"}
STATEMENT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41db",
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "statement",
    "definition": {"statement": "Copyright"},
}
ONE = indicator(1)["id"]


def add_history(taxii: Server) -> Server:
    """One indicator in three versions, another in one, a malware, a cyber-observable, a STIX 2.0 object, a marking."""
    status_of(taxii.post(indicator(1, 0), indicator(2, 0)))
    status_of(taxii.post(indicator(1, 2)))
    status_of(taxii.post(indicator(1, 1), MALWARE, ADDRESS, OLD, STATEMENT))
    return taxii


def error_of(response: httpx.Response, status: int) -> dict[str, Any]:
    """An error has a title, its status as text, and the media type (3.1, 3.6.1)."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == TAXII
    message: dict[str, Any] = response.json()
    assert message["title"]
    assert message["http_status"] == str(status)
    return message


def versions_of(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [each.get("modified") or each.get("created", "") for each in response.json().get("objects", [])]
