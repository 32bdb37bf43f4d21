"""The configuration file of gunicorn, which `cityweather web` names.

The settings that hold wherever the web process runs. --bind and --threads belong to the host.
"""

import logging
import os
import sys
from ipaddress import ip_address
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from cityweather.runtime import api_keys, logs
from cityweather.runtime.process import exit_with_parent
from cityweather.runtime.slow_work import limit_threads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")


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
    """The demo key is in the README, so it is for this machine only."""
    keys = [key for _, key in api_keys.parse(os.environ.get("CITYWEATHER_API_KEY", ""))]
    if api_keys.DEMO in keys and not all(_is_loopback(address) for address in server.cfg.address):
        sys.stderr.write("Warning: CITYWEATHER_API_KEY holds the demo key, which is for 127.0.0.1 only.\n")


def _is_loopback(address: Any) -> bool:
    """gunicorn gives host and port, or the path of a Unix socket."""
    return not isinstance(address, tuple) or address[0] == "localhost" or ip_address(address[0]).is_loopback


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
