"""Which reader reads which format. Readers are imported when first used: most runs need one or two."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

from consilience.formats.context import ReadContext
from consilience.formats.detect import detect
from consilience.model.document import Reading

Reader = Callable[[bytes, ReadContext], Reading]

READERS: Final = {
    "stix": "consilience.formats.stix",
    "misp": "consilience.formats.misp",
    "ioc-list": "consilience.formats.ioc_list",
    "csv": "consilience.formats.csv_table",
    "text": "consilience.formats.text",
    "html": "consilience.formats.html",
    "pdf": "consilience.formats.pdf",
}


def read(data: bytes, context: ReadContext) -> Reading:
    """Read a document whose format is found by its content.

    Raises :class:`~consilience.errors.InputError` where nothing of it can be used.
    """
    reader: Reader = import_module(READERS[detect(data, context.name)]).read
    return reader(data, context)
