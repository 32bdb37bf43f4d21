"""One settings file. Everything comes from the environment; env/.env.example lists it.

A value that cannot be read ends the process here, with one sentence; checks.py validates what could be read.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from celery.schedules import crontab
from environs import Env, EnvError
from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn

from cityweather import __version__
from cityweather.runtime import logs

Value = TypeVar("Value")


def unusable(name: str, expected: str) -> SystemExit:
    """Without the value: it may hold a password."""
    return SystemExit(f"CityWeather+ cannot start: {name} has to be {expected}. env/.env.example explains it.")


class _Environment:
    """The environment, read by environs. Each method raises SystemExit for a value that it cannot read."""

    _env = Env()

    def text(self, name: str, default: str) -> str:
        return self._read(self._env.str, "a text", name, default)

    def number(self, name: str, default: int) -> int:
        return self._read(self._env.int, "a whole number", name, default)

    def flag(self, name: str, default: bool) -> bool:
        return self._read(self._env.bool, "true or false", name, default)

    def names(self, name: str, default: list[str]) -> list[str]:
        found = self._read(self._env.list, "a list separated by commas", name, default)
        return [part for entry in found if (part := entry.strip())]

    def database(self, name: str, default: str, **options: Any) -> Any:
        expected = "an address such as postgres://user:password@host/name or sqlite:////path/to/file"
        found = self._read(self._env.dj_db_url, expected, name, default, **options)
        if not found["ENGINE"].endswith(("sqlite3", "postgresql")) or not found["NAME"]:
            raise unusable(name, expected)
        try:
            make_dsn(**found.get("OPTIONS", {}))  # what stands behind the "?"
        except ProgrammingError:
            raise unusable(name, f"{expected}, with options of PostgreSQL only") from None
        return found

    def _read(self, parse: Callable[..., Value], expected: str, name: str, default: Any, **options: Any) -> Value:
        try:
            os.environ.get(name, "").encode()
            return parse(name, default, **options)
        except (EnvError, UnicodeEncodeError):  # the latter for bytes that are not UTF-8
            raise unusable(name, expected) from None


env = _Environment()

ROOT = Path(__file__).resolve().parents[2]
INSECURE_SECRET_KEY = "insecure-set-SECRET_KEY"  # noqa: S105  # checks.py refuses it in production

# --- Django -------------------------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY", INSECURE_SECRET_KEY)
if not SECRET_KEY:  # Django would raise an exception at its first use
    raise unusable("SECRET_KEY", "a long random text, the same for every process")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", ["localhost", "127.0.0.1"])
ROOT_URLCONF = "cityweather.urls"
WSGI_APPLICATION = "cityweather.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
APPEND_SLASH = False  # urls.py takes both forms; a redirect would lose a POST's body
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "cityweather",
]
MIDDLEWARE = [
    "cityweather.ops.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cityweather.ops.bulkhead.ThreadReservation",
    "cityweather.ops.admin_middleware.Sessions",
    "cityweather.ops.admin_middleware.Csrf",
    "cityweather.ops.admin_middleware.Authentication",
    "cityweather.ops.admin_middleware.Messages",
]
CSRF_FAILURE_VIEW = "cityweather.api.exceptions.csrf_failure"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "src/cityweather/dashboard/templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)  # that stand before us and write X-Forwarded-For and -Proto
if TRUSTED_PROXIES:  # they speak TLS to the outside and plain HTTP to us
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)/?$"]  # asked from inside, without TLS
    SECURE_HSTS_SECONDS = 86_400  # a day: long enough to protect, short enough to take back
SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # the check knows Django's own class only; ops/admin_middleware.py has ours
    "security.W005",  # HSTS for subdomains and browsers' preload lists is for the domain's owner to decide
    "security.W021",
    "security.W009",  # wants 50 characters; a generated 256-bit key in base64 has 44, E001 refuses none at all
]
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "src/staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "cityweather.dashboard.storage.Hashed"},
}
STATICFILES_DIRS = [path for path in [ROOT / "src/cityweather/dashboard/static"] if path.exists()]

# --- logs ---------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise unusable("LOG_LEVEL", "one of DEBUG, INFO, WARNING, ERROR and CRITICAL")
LOGGING = logs.config(LOG_LEVEL)
DJANGO_STRUCTLOG_CELERY_ENABLED = True  # the request id travels in the headers of what a request sends
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = 10  # ticks come every second

# --- stores -------------------------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
BROKER_URL = env.text("BROKER_URL", REDIS_URL)
CACHE_URL = env.text("CACHE_URL", REDIS_URL)
SQLITE = f"sqlite:///{quote(str(ROOT / '.data/cityweather.sqlite3'))}"
DATABASES = {"default": env.database("DATABASE_URL", SQLITE, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # A deferred transaction that reads first and writes later fails at once when another one wrote between.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000",
    }
else:
    # A server that is gone shows within these seconds. No statement_timeout: imports and migrations may take long.
    limits = {"connect_timeout": 2, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
    DATABASES["default"]["OPTIONS"] = {**limits, "tcp_user_timeout": 30_000, **DATABASES["default"].get("OPTIONS", {})}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "cw",
        "OPTIONS": {
            "SERIALIZER": "cityweather.weather.cache.Serializer",
            "CONNECTION_FACTORY": "cityweather.runtime.connections.CacheFactory",
        },
    }
}

# --- weather ------------------------------------------------------------------------------------------------------
WEATHER_PROVIDER = env.text("WEATHER_PROVIDER", "auto")
SIMULATOR_KEY = "simulated"  # the OPENWEATHER_API_KEY that `cityweather up` sets for its simulator
OPENWEATHER_API_KEY = env.text("OPENWEATHER_API_KEY", "")
OPENWEATHER_URL = env.text("OPENWEATHER_URL", "https://api.openweathermap.org")
OPENWEATHER_QUOTA_PER_MINUTE = env.number("OPENWEATHER_QUOTA_PER_MINUTE", 60)  # 0: no limit
OPENWEATHER_QUOTA_PER_MONTH = env.number("OPENWEATHER_QUOTA_PER_MONTH", 1_000_000)
OPEN_METEO_URL = env.text("OPEN_METEO_URL", "https://api.open-meteo.com")
OPEN_METEO_GEOCODING_URL = env.text("OPEN_METEO_GEOCODING_URL", "https://geocoding-api.open-meteo.com")
OPEN_METEO_QUOTA_PER_MINUTE = env.number("OPEN_METEO_QUOTA_PER_MINUTE", 600)
OPEN_METEO_QUOTA_PER_HOUR = env.number("OPEN_METEO_QUOTA_PER_HOUR", 5_000)
OPEN_METEO_QUOTA_PER_DAY = env.number("OPEN_METEO_QUOTA_PER_DAY", 10_000)
CACHE_TTL = env.number("CACHE_TTL", 900)  # seconds

# --- imports ------------------------------------------------------------------------------------------------------
CITYWEATHER_API_KEY = env.text("CITYWEATHER_API_KEY", "")
PLACES_FILE = env.text("PLACES_FILE", "")  # empty: the one that is shipped
DEFAULT_IMPORT_DIR = ROOT / "data"
IMPORT_DIR = Path(env.text("IMPORT_DIR", str(DEFAULT_IMPORT_DIR)))
if not IMPORT_DIR.parts:  # Path("") is the folder in which the process was started
    raise unusable("IMPORT_DIR", "a folder")
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_BYTES", 100_000_000)
IMPORT_MAX_ROWS = env.number("IMPORT_MAX_ROWS", 5_000_000)
IMPORT_MAX_OPEN_JOBS = env.number("IMPORT_MAX_OPEN_JOBS", 100)
RETENTION_DAYS_JOBS = env.number("RETENTION_DAYS_JOBS", 30)  # 0 keeps everything
RETENTION_DAYS_HISTORY = env.number("RETENTION_DAYS_HISTORY", 90)
CALLBACK_HOSTS: list[str] = env.names("CALLBACK_HOSTS", [])  # empty: no callbacks
CALLBACK_SECRET = env.text("CALLBACK_SECRET", "")
# Of bodies other than uploads, which uploads.py bounds; Django's own limit would count a file against memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# --- API ----------------------------------------------------------------------------------------------------------
THROTTLE_WEATHER = env.text("THROTTLE_WEATHER", "60/min")
THROTTLE_API = env.text("THROTTLE_API", "600/min")
THROTTLE_LOGIN = env.text("THROTTLE_LOGIN", "10/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["cityweather.api.formats.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cityweather.api.formats.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cityweather.api.formats.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cityweather.api.exceptions.handle",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "CityWeather+",
    "DESCRIPTION": (
        "The weather of one city, and of very many cities refreshed in the background. "
        "A method that a path does not have is answered with 405; the Allow header names those it has."
    ),
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "PREPROCESSING_HOOKS": ["cityweather.api.schema.without_slashes"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cityweather.api.schema.with_probes",
        "cityweather.api.schema.with_webhook_headers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "cityweather.models.BulkJob.Status",
        "JobPhase": "cityweather.models.BulkJob.Phase",
        "RowStatus": "cityweather.models.Status",
        "MatchedBy": "cityweather.api.serializers.MATCHED_BY",
        "CountedBy": "cityweather.api.job_serializers.COUNTED_BY",
    },
    "APPEND_COMPONENTS": {
        "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
    },
}

# --- Celery -------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: after 100 tries a worker would exit, at any hour
CELERY_BROKER_POOL_LIMIT = 2  # senders in a process, each with two connections to Redis; further threads wait
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,  # seconds; ticks and batches ack early, so nothing legitimate lasts
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_TASK_SERIALIZER = "orjson"  # see celery.py
CELERY_ACCEPT_CONTENT = ["orjson"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "bookkeeping"
CELERY_TASK_ROUTES = {"cityweather.tasks.fetch": {"queue": "fetch"}}
CELERY_BEAT_SCHEDULER = "cityweather.celery:Ticker"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1  # seconds
# An import tick lasts nearly a second, so on PostgreSQL two bookkeepers write rows at once. SQLite has one writer.
_import_tick = 1.0 if DATABASES["default"]["ENGINE"].endswith("sqlite3") else 0.5  # seconds
CELERY_BEAT_SCHEDULE = {
    "import": {"task": "cityweather.tasks.import_tick", "schedule": _import_tick},
    "dispatch": {"task": "cityweather.tasks.dispatch_tick", "schedule": 1.0},
    "flush": {"task": "cityweather.tasks.flush_tick", "schedule": 1.0},
    "sweep": {"task": "cityweather.tasks.sweep_tick", "schedule": 10.0},
    "callback": {"task": "cityweather.tasks.callback_tick", "schedule": 5.0},
    "schedule": {"task": "cityweather.tasks.schedule_tick", "schedule": 1.0},
    "prune": {"task": "cityweather.tasks.prune_tick", "schedule": 10.0},
    "audit": {"task": "cityweather.tasks.audit_tick", "schedule": crontab(3, 7)},
    "scan": {"task": "cityweather.tasks.scan_tick", "schedule": 600.0},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # with none a process idles between two batches: a tenth of the speed
CELERY_TIMEZONE = "UTC"
