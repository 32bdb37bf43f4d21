"""The configuration file of gunicorn, which `cityweather web` names.

--bind, --workers and --threads of the command line replace what is set here.
"""

import errno
import logging
import os
import socket
import sys
import time
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from cityweather.runtime import api_keys, logs
from cityweather.runtime.process import exit_with_parent
from cityweather.runtime.slow_work import limit_threads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")

PORT_SECONDS = 5.0  # the processes of a server that was killed hold its port for a moment


class Logger(glogging.Logger):  # type: ignore[misc]
    """Writes gunicorn's own lines as JSON, like all others, from the first one on."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        handler = logging.StreamHandler()
        handler.setFormatter(logs.formatter())
        self.error_log.handlers = [handler]
        self.error_log.propagate = False


worker_class = "cityweather.ops.gunicorn_worker.Worker"
logger_class = Logger
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
timeout = 60  # seconds without a sign of life from a process
graceful_timeout = 25  # seconds; Render kills after 30
keepalive = 5  # seconds
control_socket_disable = True
forwarder_headers = ""  # no proxy sets SCRIPT_NAME, so no client may


def on_starting(server: Any) -> None:
    _require_addresses(server)
    _warn_of_demo_key(server)


def _require_addresses(server: Any) -> None:
    """Ends the server with a sentence where gunicorn would write nine lines or a traceback."""
    has_sockets = server.master_pid or "LISTEN_FDS" in os.environ or server.cfg.reuse_port
    for address in [] if has_sockets else server.cfg.address:
        if isinstance(address, tuple) and (why := _trouble(*address)):
            host, port = address
            sys.exit(f"CityWeather+ cannot listen on {host}:{port}: {why}. Choose another address: --bind HOST:PORT.")


def _trouble(host: str, port: int) -> str:
    """Why nobody can listen there, or an empty text."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
                return ""
        except OverflowError:
            return "a port is a number from 0 to 65535"
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                return f"{error.strerror}"
        time.sleep(0.1)


def _warn_of_demo_key(server: Any) -> None:
    """The demo key is in the README, so it is for this machine only."""
    keys = [key for _, key in api_keys.parse(os.environ.get("CITYWEATHER_API_KEY", ""))]
    if api_keys.DEMO in keys and not all(_is_loopback(address) for address in server.cfg.address):
        sys.stderr.write("Warning: CITYWEATHER_API_KEY holds the demo key, which is for 127.0.0.1 only.\n")


def _is_loopback(address: Any) -> bool:
    """gunicorn gives host and port, or the path of a Unix socket."""
    host = address[0] if isinstance(address, tuple) else "localhost"
    return host in ("localhost", "::1") or host.startswith("127.")


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001
    """Without their master the processes would end, too, but only after their slowest upload."""
    exit_with_parent(server.pid)


def post_worker_init(worker: Any) -> None:
    from cityweather.runtime import metrics  # noqa: PLC0415  # needs Django to be set up

    limit_threads(worker.cfg.threads)
    metrics.keep_sending()


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001
    from cityweather.runtime import metrics  # noqa: PLC0415  # needs Django to be set up

    if worker.booted:
        metrics.send(at_once=True)
