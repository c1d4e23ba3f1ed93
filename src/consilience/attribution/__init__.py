"""Who is behind it: evidence, weights, assessment, and what would change it."""
