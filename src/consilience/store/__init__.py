"""The workspace: statements kept, observations columnar, raw bytes beside them."""
