"""Engines that count what clusters share: in this process, in DuckDB or on a Spark cluster, to the same integers."""
