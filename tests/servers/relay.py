"""Stands between a client and a real server on loopback: TLS, distance, silence, a cut cable, other words.

with Relay(dovecot.port, delay=0.02) as relay:      # every answer comes 20 ms later
    relay.port
    relay.freeze()                                  # from now on nothing passes, yet the connection stands
    relay.inject(b"* BYE going down\\r\\n")          # the server says something it did not say
    relay.cut()                                     # all connections are reset
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType


class Relay:
    """Forwards to `port`. `rewrite` gets what the server says, one piece of the stream at a time."""

    host = "127.0.0.1"

    def __init__(
        self,
        port: int,
        tls: ssl.SSLContext | None = None,
        delay: float = 0.0,
        rewrite: Callable[[bytes], bytes] = lambda said: said,
    ) -> None:
        self.target, self.tls, self.delay, self.rewrite = port, tls, delay, rewrite
        self.port = 0
        self.heard = b""  # all that clients said
        self._frozen = False
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._heard = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def freeze(self) -> None:
        """Let nothing pass any more, in either direction."""
        self._frozen = True

    def cut(self) -> None:
        """Reset all connections."""

        async def cut() -> None:
            for writer in self._writers:
                writer.transport.abort()
            self._writers.clear()

        self._do(cut())

    def inject(self, said: bytes) -> None:
        """Say this to all clients."""

        async def write() -> None:
            for writer in self._writers[::2]:
                writer.write(said)

        self._do(write())

    def wait_for(self, word: bytes, timeout: float = 10) -> None:
        """Until a client has said this."""
        with self._heard:
            assert self._heard.wait_for(lambda: word in self.heard, timeout), self.heard[-200:]

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._client, self.host, 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(self.host, self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, server_writer]
        await asyncio.gather(self._pass(reader, server_writer, True), self._pass(server_reader, writer, False))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_client: bool) -> None:
        try:
            while piece := await reader.read(65_536):
                if from_client:
                    with self._heard:
                        self.heard += piece
                        self._heard.notify_all()
                else:
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    piece = self.rewrite(piece)
                if self._frozen:
                    await asyncio.Event().wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
