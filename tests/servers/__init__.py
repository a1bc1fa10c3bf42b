"""Real servers for the tests, each a small context manager on loopback."""
