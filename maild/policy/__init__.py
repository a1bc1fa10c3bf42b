"""What SHOULD happen: pure functions over facts and `now`."""
