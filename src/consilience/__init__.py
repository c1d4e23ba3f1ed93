"""Collective cyber attribution."""
