"""One IMAP folder: what waits in it, its bytes, moving what is done, and waiting for more.

What may be relied on: UIDs only, never sequence numbers; `BODY.PEEK[]`, so nobody's \\Seen changes; sizes are asked
before anything is downloaded (B60). Nothing that came from a mail goes into a command: only numbers and the folder
names of the configuration do (M8). Every read and write ends after `ImapLogin.timeout` seconds, whatever the server
does (B63). What goes wrong is `Unavailable`; after a broken link `connect` starts afresh.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from maild.wire.imap_link import ImapLogin, Link, LoginRefused

__all__ = ["Fetched", "ImapLogin", "LoginRefused", "Mailbox"]

_NEAR = 0.005  # seconds for a NOOP: a server this quick is near, and may be asked often
_ASK_NEAR = 0.025  # seconds between two NOOPs while lingering
_ASK_FAR = 10.0  # seconds between two NOOPs where the server has no IDLE
_UIDS_A_COMMAND = 400  # keeps a sparse UID set below the 8,192 bytes a line that RFC 7162, 4 asks servers to take
_LISTED_AT_ONCE = 50_000  # UIDs in one SEARCH answer; imaplib gives up on a line of 1,000,000 bytes (B67)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as it lies on the server. `received_at` is the server's own time, UTC (B58)."""

    uid: int
    raw: bytes
    received_at: datetime
    size: int  # bytes, as the server counts; of the whole mail also when only its headers are in `raw`
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class _Listed:
    size: int
    received_at: datetime


class Mailbox:
    """A connection to one folder. One thread uses it; `interrupt` alone may be called from others."""

    def __init__(self, login: ImapLogin) -> None:
        self.login = login
        self.uidvalidity = 0
        self.capabilities: frozenset[str] = frozenset()
        self._link = Link(login)
        self._near = False
        self._linger_until = 0.0

    def connect(self) -> None:
        """Connect, log in, select the folder, make the other folders where they are missing.

        Raises LoginRefused or Unavailable. An older connection of this mailbox is closed first.
        """
        self.close()
        with self._link.speaking("connect"):
            self._link.open()
            client = self._link.client
            self.capabilities = frozenset(c.decode("ascii", "replace").upper() for c in client.capabilities())
            for folder in (self.login.processed, self.login.failed):
                if folder is not None and not client.folder_exists(folder):
                    self._create(folder)
            chosen = client.select_folder(self.login.folder)
            self.uidvalidity = int(chosen[b"UIDVALIDITY"])
            self._link.exists, self._link.news = int(chosen[b"EXISTS"]), False
            client._imap.untagged_responses.clear()
            self._near = min(self._ask() for _ in range(3)) < _NEAR

    def close(self) -> None:
        """Log out if the server still listens, and let go of the connection. Never raises."""
        self._link.close()

    def _create(self, folder: str) -> None:
        with suppress(IMAPClientError):  # somebody was quicker, or it may not be made: then the move says so
            self._link.client.create_folder(folder)
        with suppress(IMAPClientError):
            self._link.client.subscribe_folder(folder)

    # -- what is there -----------------------------------------------------------------------------------------------

    def waiting(self, after: int = 0) -> list[int]:
        """The UIDs above `after` that are in the folder now, ascending. Two short commands when nothing is new."""
        link = self._link
        with link.speaking("list"):
            link.note()
            if not link.news:
                self._ask()  # Dovecot's SEARCH does not see what was not announced yet
            many = link.exists > _LISTED_AT_ONCE
            link.news = False  # what the server announces from here on makes the next `wait` return at once
            if not many:
                return self._search(after, f"{after + 1}:*")
            found: list[int] = []
            uidnext = int(link.client.folder_status(self.login.folder, ["UIDNEXT"])[b"UIDNEXT"])
            for low in range(after + 1, uidnext, _LISTED_AT_ONCE):
                found += self._search(after, f"{low}:{min(low + _LISTED_AT_ONCE, uidnext) - 1}")
            return found

    def _search(self, after: int, uids: str) -> list[int]:
        criteria = ["UID", uids]
        if not self.capabilities & {"MOVE", "UIDPLUS"}:
            criteria.append("UNDELETED")  # there `move` may have to leave flagged what it has copied
        found = self._link.client.search(criteria)
        self._link.note()
        return sorted(uid for uid in found if uid > after)  # "9:*" names the last mail even if its UID is 8

    def fetch(
        self, uids: Iterable[int], batch_bytes: int = 8_000_000, batch_count: int = 50
    ) -> Iterator[list[Fetched]]:
        """The mails, oldest first, in batches of at most `batch_count` mails or `batch_bytes` bytes.

        A mail that is gone meanwhile is absent, which is no error (B62); a batch is never empty. One mail above
        `batch_bytes` is a batch of its own. One above `max_size` is its headers, `truncated`.
        """
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), _UIDS_A_COMMAND):
            listed = self._listed(wanted[start : start + _UIDS_A_COMMAND])
            for chosen in _batches(listed, self.login.max_size, batch_bytes, batch_count):
                batch = self._bodies({uid: listed[uid] for uid in chosen})
                if batch:
                    self._linger_until = time.monotonic() + self.login.linger
                    yield batch

    def _listed(self, uids: Sequence[int]) -> dict[int, _Listed]:
        listed = {}
        with self._link.speaking("fetch"):
            for uid, item in self._get(uids, "RFC822.SIZE", "INTERNALDATE").items():
                if b"RFC822.SIZE" in item:
                    at = item.get(b"INTERNALDATE") or datetime.now(UTC)
                    listed[uid] = _Listed(int(item[b"RFC822.SIZE"]), at.astimezone(UTC))
        return dict(sorted(listed.items()))

    def _bodies(self, listed: dict[int, _Listed]) -> list[Fetched]:
        most = self.login.max_size
        with self._link.speaking("fetch"):
            whole = self._get([uid for uid, seen in listed.items() if seen.size <= most], "BODY.PEEK[]")
            heads = self._get([uid for uid, seen in listed.items() if seen.size > most], "BODY.PEEK[HEADER]")
        batch = []
        for uid, seen in listed.items():
            cut = seen.size > most
            raw = heads.get(uid, {}).get(b"BODY[HEADER]") if cut else whole.get(uid, {}).get(b"BODY[]")
            # A server may answer an expunged mail with NIL, with "" or with nothing at all (RFC 2180, 4.1).
            if raw or (raw == b"" and seen.size == 0):
                batch.append(Fetched(uid, raw, seen.received_at, seen.size, cut))
        return batch

    def _get(self, uids: Sequence[int], *items: str) -> dict[int, dict[bytes, Any]]:
        """FETCH; what another client expunged a moment ago is left out, though servers answer NO for it (RFC 2180)."""
        if not uids:
            return {}
        client = self._link.client
        try:
            answer = client.fetch(uids, items)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            client.noop()  # only now may the server tell us what is gone
            left = self._here(uids)
            answer = client.fetch(left, items) if left else {}
        self._link.note()
        return {uid: answer[uid] for uid in uids if uid in answer}

    def _here(self, uids: Sequence[int]) -> list[int]:
        return [uid for uid in self._link.client.search(["UID", _set(uids)]) if uid in set(uids)]

    # -- what is done ------------------------------------------------------------------------------------------------

    def move(self, uids: Iterable[int], folder: str) -> None:
        """Move mails to `folder`. UIDs that are no longer there are no error, so a move may be repeated (M2).

        Without MOVE: COPY, \\Deleted, UID EXPUNGE. Without UIDPLUS either, expunge only when nobody else's mail is
        marked deleted, else leave ours marked: `waiting` does not list it there.
        """
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), _UIDS_A_COMMAND):
            chunk = wanted[start : start + _UIDS_A_COMMAND]
            with self._link.speaking("move"):
                try:
                    self._move(chunk, folder)
                except IMAPClientAbortError:
                    raise
                except IMAPClientError:
                    if self._link.client.folder_exists(folder):
                        raise
                    self._create(folder)  # somebody removed or renamed it under us
                    self._move(chunk, folder)
                self._link.note()

    def _move(self, uids: Sequence[int], folder: str) -> None:
        client = self._link.client
        if "MOVE" in self.capabilities:
            client.move(_set(uids), folder)
            return
        here = self._here(uids)
        if not here:
            return
        client.copy(_set(here), folder)
        client.add_flags(here, [rb"\Deleted"], silent=True)
        if "UIDPLUS" in self.capabilities:
            client.uid_expunge(_set(here))
        elif set(client.search(["DELETED"])) <= set(here):
            client.expunge()

    # -- waiting -----------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """End a `wait`, running or next, at once. May be called from any thread, and from a signal handler."""
        self._link.interrupt()

    def wait(self, seconds: float, active: bool = False) -> bool:
        """Wait until something came, and say so; False when the time is up or `interrupt` was called.

        Call it with two minutes at most: each call renews IDLE, and asks with a NOOP first, so a link that died in
        silence is found (B63). Dovecot tells IDLE clients of a new mail only after a fixed 500 ms (measured on 2.3.19;
        a NOOP sees it at once, in 1.7 ms). Mail comes in bursts: so for `linger` seconds after the last mail (fetched
        here, or `active`) the server is asked by NOOP every 25 ms before IDLE takes over. Only a server that answered
        a NOOP within 5 ms at `connect` is asked like that: it stands next to us. One far away never is.
        """
        end = time.monotonic() + seconds
        link = self._link
        with link.speaking("wait"):
            link.note()
            if active:
                self._linger_until = time.monotonic() + self.login.linger
            linger = self._linger_until if self._near else 0.0
            while not link.news:
                self._ask()
                now = time.monotonic()
                if link.news or now >= end:
                    break
                if now >= linger and "IDLE" in self.capabilities:
                    self._idle(end)
                    break
                if link.sleep(min(_ASK_NEAR if now < linger else _ASK_FAR, end - now)):
                    break
            return link.news

    def _ask(self) -> float:
        """NOOP; the seconds that the answer took."""
        start = time.monotonic()
        self._link.client.noop()
        self._link.note()
        return time.monotonic() - start

    def _idle(self, end: float) -> None:
        """IDLE until then (RFC 2177). The server must answer its end within `timeout`, or the link is dropped."""
        link = self._link
        link.client.idle()
        while not link.news:
            if not link.hear() and (time.monotonic() >= end or link.sleep(end - time.monotonic())):
                break
        link.client.idle_done()
        link.note()


def _set(uids: Iterable[int]) -> str:
    """A UID set, compacted: 50, 51, 52, 60 is "50:52,60" (RFC 9051, sequence-set)."""
    parts: list[list[int]] = []
    for uid in sorted(uids):
        if parts and uid == parts[-1][1] + 1:
            parts[-1][1] = uid
        else:
            parts.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in parts)


def _batches(listed: dict[int, _Listed], most: int, batch_bytes: int, batch_count: int) -> Iterator[list[int]]:
    batch: list[int] = []
    total = 0
    for uid, seen in listed.items():
        size = seen.size if seen.size <= most else 0  # of these only the headers come
        if batch and (len(batch) >= batch_count or total + size > batch_bytes):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    if batch:
        yield batch
