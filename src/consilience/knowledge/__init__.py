"""Who and what is known: clusters and their names, shared infrastructure, countries, sources, scales of words."""
