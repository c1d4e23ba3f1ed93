"""What may leave, and in which form partners can read it."""
