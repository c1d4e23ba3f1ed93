"""Numbers only, no cyber word: log-odds, dependence, null model, multiple testing."""
