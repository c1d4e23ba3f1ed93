"""Use cases and wiring; the only place that knows which engine runs."""
