"""gunicorn -c python:cityweather.ops.gunicorn cityweather.wsgi:application

What holds wherever the web process runs; --bind, --workers and --threads belong to the place.
"""

import os
from typing import Any

from cityweather.runtime.process import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")

worker_class = "cityweather.ops.gunicorn_worker.Worker"
logger_class = "cityweather.ops.gunicorn_logs.Logger"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
timeout = 60  # seconds without a sign of life from a process
graceful_timeout = 25  # seconds; Render kills after 30
keepalive = 5  # seconds
sendfile = False  # it would wait for a client without limit, past ops/paced_socket.py
control_socket_disable = True
forwarder_headers = ""  # nobody in front of us says what SCRIPT_NAME is


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001
    """Without their master they would end, too, but only after the slowest upload."""
    die_with(server.pid)


def post_worker_init(worker: Any) -> None:
    from cityweather.ops import bulkhead  # noqa: PLC0415  # not before Django is set up
    from cityweather.runtime import metrics  # noqa: PLC0415  # see above

    bulkhead.limit(worker.cfg.threads)
    metrics.keep_sending()


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001
    from cityweather.runtime import metrics  # noqa: PLC0415  # see above

    if worker.booted:
        metrics.send(at_once=True)
