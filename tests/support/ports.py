"""A port that somebody else uses."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening(port: int) -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        yield port
