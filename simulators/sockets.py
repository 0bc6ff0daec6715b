"""Lets one asyncio loop serve the sockets of hundreds of paho clients, without a thread for each.

paho's hooks for foreign loops say when a socket opens, closes, or waits to be written. Only the
dialling itself, which paho does with a blocking connect, is done in a worker thread.
"""

import asyncio
import threading
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike  # paho has it for type checkers only


class SocketServing:
    """Serves paho clients on the running loop.

    Args:
        dialler: where blocking connects are done.
    """

    def __init__(self, dialler: Executor) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._dialler = dialler

    def adopt(self, client: mqtt.Client) -> None:
        """Serve this client from its next connection on."""
        client.on_socket_open = self._opened
        client.on_socket_close = self._closing
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written

    async def dial(self, client: mqtt.Client) -> None:
        """Connect a client that knows its broker's address (`connect_async`), again or anew.

        Raises:
            OSError: when the broker can't be reached.
        """
        await self._loop.run_in_executor(self._dialler, client.reconnect)

    def abandon(self, client: mqtt.Client) -> None:
        """Close a connection whose other end does not answer; nothing when it is closed."""
        sock = client.socket()
        if sock is not None and sock.fileno() >= 0:
            self._closing(client, None, sock)
            sock.close()

    def _opened(self, client: mqtt.Client, _userdata: Any, sock: "SocketLike") -> None:
        self._in_loop(self._read_from, client, sock)

    def _wants_to_write(self, client: mqtt.Client, _userdata: Any, sock: "SocketLike") -> None:
        self._in_loop(self._write_to, client, sock)

    def _closing(self, _client: mqtt.Client, _userdata: Any, sock: "SocketLike") -> None:
        # At once and not by a callback: the next socket may get the same descriptor. paho closes
        # only what it has read from or written to, and both are done in the loop's thread.
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _has_written(self, _client: mqtt.Client, _userdata: Any, sock: "SocketLike") -> None:
        self._loop.remove_writer(sock)

    def _read_from(self, client: mqtt.Client, sock: "SocketLike") -> None:
        if sock.fileno() >= 0:
            self._loop.add_reader(sock, client.loop_read)

    def _write_to(self, client: mqtt.Client, sock: "SocketLike") -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, client.loop_write)

    def _in_loop(self, act: Any, client: mqtt.Client, sock: "SocketLike") -> None:
        """Now when already there, else as soon as the loop comes to it: dialling is elsewhere."""
        if threading.get_ident() == self._thread:
            act(client, sock)
        else:
            self._loop.call_soon_threadsafe(act, client, sock)
