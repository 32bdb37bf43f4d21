"""One JSON object a line for everything that runs: web, workers, bookkeepers, commands."""

import json
import logging
import re
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation

from cityweather.runtime import api_keys

Event = MutableMapping[str, Any]

# Passwords in addresses.
_PASSWORD = re.compile(r"(://[^\s/@:\"']*:)[^\s/@\"']+(@)")
# Keys in query strings that a library put into its message.
_KEY = re.compile(r"((?:appid|apikey|api_key|x-api-key)[=:]\s*)[^&\s\"'\\]+", re.IGNORECASE)
# Celery would write four lines for the ticks of every second.
_LIBRARIES_QUIET = dict.fromkeys(
    ("django_structlog", "kombu", "amqp", "urllib3", "celery.beat", "celery.worker.strategy", "celery.app.trace"),
    "WARNING",
)
# They log addresses, the one at DEBUG and the other when it cannot read a header, and ours hold the provider's key.
# Named here, since a level set elsewhere does not outlive the next time that logging is configured.
_LIBRARIES_QUIET |= dict.fromkeys(("urllib3.connectionpool", "urllib3.connection"), "ERROR")


def mask(text: str) -> str:
    """Without passwords, without keys: neither those of the settings nor what looks like one."""
    for secret in secrets():
        text = text.replace(secret, "***")
    # Asked first whether there can be any: a search costs more than all the rest of a line.
    if "://" in text:
        text = _PASSWORD.sub(r"\1***\2", text)
    return _KEY.sub(r"\1***", text) if "key" in text.lower() or "appid" in text.lower() else text


@lru_cache
def secrets() -> tuple[str, ...]:
    keys = [key for _, key in api_keys.parse(settings.CITYWEATHER_API_KEY)]
    keys += [part.strip() for part in settings.CALLBACK_SECRET.split(",")]
    found = [settings.OPENWEATHER_API_KEY, settings.SECRET_KEY, *keys]
    return tuple(key for key in found if len(key) >= api_keys.SHORTEST)


def render(logger: Any, name: str, event: Event) -> str:  # noqa: ARG001
    line = {name: event.pop(name, None) for name in ("ts", "level", "event")} | dict(event)
    try:
        text = orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, from a header or a file name
        text = json.dumps(line, default=str, skipkeys=True)
    return mask(text)


def is_news(record: logging.LogRecord) -> bool:
    """False for Django's own line about a 4xx or 5xx answer: our request line reports that.

    An unexpected exception is news. One about a bad request of the client is not.
    """
    if not record.name.startswith(("django.request", "django.security")):
        return True
    error = record.exc_info[1] if record.exc_info else None
    return error is not None and not isinstance(error, SuspiciousOperation | BadRequest)


SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
]


def formatter() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, structlog.stdlib.ExtraAdder(), structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            render,
        ],
    )


def config(level: str) -> dict[str, Any]:
    """For LOGGING; structlog's own loggers end in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"news": {"()": "django.utils.log.CallbackFilter", "callback": is_news}},
        "formatters": {"json": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["news"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's defaults would write a second, plain line.
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
            **{name: {"level": quiet} for name, quiet in _LIBRARIES_QUIET.items()},
        },
    }
