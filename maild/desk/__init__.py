"""What DID happen: the only room with the database."""
