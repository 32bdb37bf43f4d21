"""Three Valkey servers on loopback that form a Redis Cluster."""

from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from cityweather.runtime.connections import CLUSTER
from cityweather_dev.processes import HOST, free_port, wait_until
from cityweather_dev.valkey import Valkey

SLOTS = 16_384
NODES = 3
PATIENCE = 30.0  # seconds


class Cluster:
    """Stands in for one Valkey in the fixtures: start, stop, url, client."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Valkey(folder / str(n), **_options()) for n in range(NODES)]

    @property
    def url(self) -> str:
        return self.nodes[0].url.replace("redis://", f"redis{CLUSTER}://").removesuffix("/0")

    def start(self) -> "Cluster":
        for number, node in enumerate(self.nodes):
            node.start()
            first, last = number * SLOTS // NODES, (number + 1) * SLOTS // NODES - 1
            with node.client() as client:
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
                if number:
                    peer = self.nodes[0]
                    client.execute_command("CLUSTER MEET", HOST, peer.port, int(peer.options["cluster-port"]))
        assert wait_until(lambda: all(map(_complete, self.nodes)), PATIENCE), "no cluster came together"
        return self

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()


def _options() -> dict[str, str]:
    return {"cluster-enabled": "yes", "cluster-port": str(free_port()), "cluster-node-timeout": "5000"}


def _complete(node: Valkey) -> bool:
    try:
        with node.client() as client:
            return _known(client) == NODES and _state(client) == "ok"
    except RedisError:
        return False


def _known(client: Redis) -> int:
    return int(_info(client)["cluster_known_nodes"])


def _state(client: Redis) -> str:
    return _info(client)["cluster_state"]


def _info(client: Redis) -> dict[str, str]:
    found = client.execute_command("CLUSTER INFO")
    if isinstance(found, dict):
        return {str(name): str(value) for name, value in found.items()}
    lines = found.decode().split()
    return dict(line.split(":", 1) for line in lines)
