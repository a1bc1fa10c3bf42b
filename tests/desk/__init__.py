"""The desk's room, on both databases."""
