"""What the values of a cluster are like, beyond being the same as another's: nearness in the network, habits of naming.

Two halves of one group's reports share no value at all in a third of the cases, but often the network they rent in or
the words of which they make names (``bench/overlap/split_half.py``). A habit is no evidence of a link: many have it. It
only orders pairs (``overlap.score``), and counts neither in ``observed`` nor in a p-value, a weight or an origin.

============  ========================================================================================================
``network``   the /24 of an address
``area``      its /16
``port``      the port of a host:port or URL
``word``      the parts of four letters or more of a registered label with hyphens: ``login`` and ``mail`` of
              ``login-mail.net``
============  ========================================================================================================

Nothing here asks a list: what is registered is guessed from the labels, so that all rows can be read at once.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from consilience.model.observable import ObservableType

HABITS: Final = ("network", "area", "port", "word")
"""The kinds of habit."""

COLUMNS: Final = ("cluster", "habit", "value")
"""The columns of a table of habits, all texts."""

_READ: Final = (
    *(str(each) for each in (ObservableType.DOMAIN, ObservableType.IPV4, ObservableType.HOST_PORT, ObservableType.URL)),
    "url-path",
)
_HOST: Final = r"^(?:[a-z][a-z0-9+.-]*://)?(?P<host>[^/:?#\s]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?#]|$)"
_ADDRESS: Final = r"^(?P<network>(?P<area>[0-9]{1,3}\.[0-9]{1,3})\.[0-9]{1,3})\.[0-9]{1,3}$"
_NAME: Final = (
    r"(?:^|\.)(?P<label>[^.]+)\."
    r"(?:(?:ac|co|com|edu|go|gob|gouv|gov|mil|ne|net|or|org)\.[a-z]{2}|[^.0-9][^.]*)\.?$"
)
_LEAST_WORD: Final = 4


def habits(rows: pa.Table) -> pa.Table:
    """Return the habits of every cluster, each once for a cluster: a table with the columns :data:`COLUMNS`.

    ``rows`` has the columns ``cluster``, ``type`` and ``value`` of observations. Values that are not addresses, names
    or URLs have none.
    """
    rows = rows.filter(pc.is_in(rows["type"].cast(pa.string()), pa.array(_READ))).combine_chunks()
    cluster = rows["cluster"].cast(pa.string())
    of_value = pc.extract_regex(pc.utf8_lower(rows["value"].cast(pa.string())), _HOST)
    host = pc.struct_field(of_value, "host")
    address, name = pc.extract_regex(host, _ADDRESS), pc.extract_regex(host, _NAME)
    label = pc.struct_field(name, "label")
    words = pc.split_pattern(pc.if_else(pc.match_substring(label, "-"), label, None), "-")
    columns = {
        "network": (cluster, pc.struct_field(address, "network")),
        "area": (cluster, pc.struct_field(address, "area")),
        "port": (cluster, pc.struct_field(of_value, "port")),
        "word": (cluster.take(pc.list_parent_indices(words)), pc.list_flatten(words)),
    }
    return pa.concat_tables([_distinct(habit, *columns[habit]) for habit in HABITS])


def _distinct(habit: str, cluster: pa.ChunkedArray, value: pa.ChunkedArray) -> pa.Table:
    table = pa.table({"cluster": cluster, "value": value})
    least = _LEAST_WORD if habit == "word" else 1
    table = table.filter(pc.greater_equal(pc.utf8_length(table["value"]), least))
    table = table.group_by(["cluster", "value"]).aggregate([])
    return table.append_column("habit", pa.repeat(habit, table.num_rows)).select(list(COLUMNS))
