"""A server on loopback that sends exactly the bytes a test wants."""

import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import orjson

Behaviour = Callable[[socket.socket], None]


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    if not any(header.lower().startswith("content-type") for header in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def send(data: bytes) -> Behaviour:
    return lambda connection: connection.sendall(data)


def leave(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def chunked(body: bytes) -> bytes:
    """Compressed, as small chunks."""
    packed = gzip.compress(body)
    pieces = [packed[at : at + 7] for at in range(0, len(packed), 7)]
    lines = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + lines


@contextmanager
def full_backlog() -> Iterator[str]:
    """The address of a listener that takes no connection any more: its queue is full and never emptied."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class Wire:
    """`behaviours`: path → what is done on a connection that asks for it; the default answers `{"path": …}`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.behaviours: dict[str, Behaviour] = {}
        self.heads: list[str] = []
        self.connections = 0
        self.released = threading.Event()  # ends what hangs
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._listener.close()

    def hang(self, _connection: socket.socket) -> None:
        self.released.wait(30)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        with connection, suppress(OSError):
            while True:
                while b"\r\n\r\n" not in data:
                    more = connection.recv(65_536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                self.heads.append(head.decode("latin-1"))
                path = head.split(b" ")[1].decode("ascii").partition("?")[0]
                behaviour = self.behaviours.get(path)
                if behaviour is not None:
                    behaviour(connection)
                    if behaviour == self.hang:
                        return
                else:
                    connection.sendall(http(orjson.dumps({"path": path})))


@contextmanager
def wire() -> Iterator[Wire]:
    server = Wire()
    try:
        yield server
    finally:
        server.close()
