"""What a mail SAYS: bytes in, values out, and back. No database, no network, no clock."""
