"""Conversations by mail, on the real stories and real databases."""
