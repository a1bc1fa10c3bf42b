"""What became of one mail: the value that story 2 ends with, the ledger keeps and `maild feed` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

FateName = Literal["filed", "duplicate", "ignored", "held", "quarantined"]
Evidence = Literal["token", "message_id", "references", "body", "subject", "none"]
Verdict = Literal["agent", "requester", "participant", "stranger", "unverified"]
Result = Literal["done", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """One command line of an agent's mail and what came of it."""

    line: str
    result: Result
    message: str


@dataclass(frozen=True, slots=True)
class Fate:
    """The one recorded fate of a mail (M1). `reason` says in plain words why it is this one."""

    fate: FateName
    reason: str
    ticket: str | None = None
    created: bool = False
    kind: str = "human"
    evidence: Evidence = "none"
    sender: str = ""
    verdict: Verdict = "stranger"
    commands: tuple[CommandOutcome, ...] = ()

    def as_json(self, source: str) -> dict[str, Any]:
        """The *fate* object of interface.md."""
        out = {"source": source, **asdict(self)}
        out["commands"] = [asdict(c) for c in self.commands]
        return out
