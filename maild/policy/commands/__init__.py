"""The commands that agents write in their mails (interface.md, "What an agent writes").

One decorated function each: its name is the verb, its docstring the help in every language. The files are the groups
of the help; importing this registers them all.
"""

from maild.policy.commands import asking, facets, holder, parties, standing, story

__all__ = ["asking", "facets", "holder", "parties", "standing", "story"]
