"""The tests of maild: they mirror the rooms."""
