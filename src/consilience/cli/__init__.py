"""The command line over the use cases in ``app``."""
