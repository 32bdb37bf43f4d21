"""A provider that costs next to nothing: ready-made answers, so that it is never what limits a contender."""

import asyncio
import http.client
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, cast

import uvloop

from cityweather_dev.server import Server

END = b"\r\n\r\n"


def answers(count: int = 64) -> list[bytes]:
    """As OpenWeather sends them, in its sizes."""
    made = []
    for n in range(count):
        body = json.dumps(
            {
                "coord": {"lon": round(-180 + n * 5.1234, 4), "lat": round(-60 + n * 1.8765, 4)},
                "weather": [{"id": 803, "main": "Clouds", "description": "broken clouds", "icon": "04d"}],
                "base": "stations",
                "main": {
                    "temp": round(n / 3, 2), "feels_like": round(n / 3 - 1.5, 2), "temp_min": round(n / 3 - 1, 2),
                    "temp_max": round(n / 3 + 1, 2), "pressure": 990 + n, "humidity": 30 + n,
                },
                "visibility": 10000,
                "wind": {"speed": round(n / 7, 2), "deg": n * 5},
                "clouds": {"all": n},
                "dt": 1_790_000_000 + n,
                "sys": {"country": "NO", "sunrise": 1_790_000_000, "sunset": 1_790_040_000},
                "timezone": 3600, "id": 1_000_000 + n, "name": f"Somewhere {n}", "cod": 200,
            }
        ).encode()  # fmt: skip
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}"
        made.append(head.encode() + END + body)
    return made


class Connection(asyncio.Protocol):
    ready: ClassVar[list[bytes]] = []
    latency: ClassVar[float] = 0.0  # seconds
    served: ClassVar[int] = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(END)):
            Connection.served += 1
            answer = self.ready[Connection.served % len(self.ready)]
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self._transport.write, answer)
            else:
                self._transport.write(answer)


async def serve(port: int, latency: float) -> None:
    Connection.ready, Connection.latency = answers(), latency
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=1024)
    async with server:
        await stop.wait()


class Upstream(Server):
    """`latency` in seconds."""

    name: ClassVar[str] = "upstream"

    def __init__(self, folder: Path, latency: float) -> None:
        super().__init__(folder)
        self.latency = latency

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "tests.benchmarks.upstream", str(self.port), str(self.latency)]

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2])))
