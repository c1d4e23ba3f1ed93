"""Serve objects with OpenTAXII or medallion on a free port until killed; run by the peers' own Python.

Usage: PEERS/bin/python peer_servers.py opentaxii|medallion FOLDER

``FOLDER/objects.json`` holds a list of objects. Prints the port and the path of the collection. Both are Flask
applications and run in one process under Werkzeug's server, OpenTAXII over SQLite, medallion in memory.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

ACCOUNT, PASSWORD = "bench", "not a secret"


def opentaxii(folder: Path) -> tuple[Any, str]:
    """Return OpenTAXII's application and the path of a collection that holds the objects."""
    config = {
        "domain": "localhost",
        "auth_api": {
            "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
            "parameters": {"db_connection": f"sqlite:///{folder}/auth.db", "create_tables": True, "secret": "x" * 40},
        },
        "taxii1": None,
        "taxii2": {
            "max_content_length": 10_000_000,
            "title": "Bench",
            "public_discovery": True,
            "persistence_api": {
                "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                "parameters": {"db_connection": f"sqlite:///{folder}/data.db", "create_tables": True},
            },
        },
        "logging": {"opentaxii": "error", "root": "error"},
    }
    path = folder / "opentaxii.json"  # JSON is YAML
    path.write_text(json.dumps(config))
    os.environ["OPENTAXII_CONFIG"] = str(path)
    from opentaxii.http import app

    with app.app_context():
        servers = app.taxii_server.servers.taxii2.persistence.api
        root = servers.add_api_root(title="Bench", description="", default=True)
        collection = servers.add_collection(
            api_root_id=root.id, title="Bench", description="", alias=None, is_public=False, is_public_write=False
        )
        app.taxii_server.auth.api.create_account(ACCOUNT, PASSWORD, is_admin=True)
        servers.add_objects(str(root.id), str(collection.id), json.loads((folder / "objects.json").read_text()))
    return app, f"/taxii2/{root.id}/collections/{collection.id}/"


def medallion(folder: Path) -> tuple[Any, str]:
    """Return medallion's application and the path of a collection that holds the objects."""
    objects = json.loads((folder / "objects.json").read_text())
    identifier = str(uuid.uuid4())
    media_type = "application/stix+json;version=2.1"
    for number, each in enumerate(objects):
        each["_date_added"] = (
            f"2026-01-01T00:{number // 60_000:02d}:{number // 1_000 % 60:02d}.{number % 1_000:03d}000Z"
        )
    collection = {
        "id": identifier,
        "title": "Bench",
        "can_read": True,
        "can_write": True,
        "media_types": [media_type],
        "objects": objects,
        "manifest": [
            {
                "id": each["id"],
                "date_added": each["_date_added"],
                "version": each["modified"],
                "media_type": media_type,
            }
            for each in objects
        ],
    }
    data = {
        "/discovery": {"title": "Bench", "default": "/bench/", "api_roots": ["/bench/"]},
        "bench": {
            "information": {"title": "Bench", "versions": [media_type], "max_content_length": 10_000_000},
            "status": [],
            "collections": [collection],
        },
    }
    path = folder / "data.json"
    path.write_text(json.dumps(data))
    config = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(path),
        },
        "users": {ACCOUNT: PASSWORD},
        "taxii": {"max_page_size": 1_000},
    }
    config_path = folder / "medallion.json"
    config_path.write_text(json.dumps(config))
    import medallion as package

    return package.load_app(str(config_path)), f"/bench/collections/{identifier}/"


def main() -> None:
    """Serve."""
    application, path = {"opentaxii": opentaxii, "medallion": medallion}[sys.argv[1]](Path(sys.argv[2]))
    from werkzeug.serving import WSGIRequestHandler, make_server

    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # connections are kept, as the client asks
    WSGIRequestHandler.log = lambda *_: None
    server = make_server("127.0.0.1", 0, application)
    print(f"http://127.0.0.1:{server.port} {path}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
