"""Mail on the wire: real Dovecot, a second IMAP server, raw sockets."""
