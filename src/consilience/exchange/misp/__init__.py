"""MISP: an assessment as an event, and events to and from a MISP server over its REST API."""
