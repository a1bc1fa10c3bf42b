"""How mail MOVES: the only room with sockets."""
