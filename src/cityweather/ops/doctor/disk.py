"""Room on the disks, and the page's files."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage

from cityweather.ops.doctor.finding import Finding, fail, ok, warn

SPOOL = 5  # times the upload, usually


def room() -> Iterator[Finding]:
    places = {"uploads (TMPDIR)": Path(tempfile.gettempdir())}
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        places["database"] = Path(settings.DATABASES["default"]["NAME"]).parent
    for what, folder in places.items():
        yield _free(what, folder)


def _free(what: str, folder: Path) -> Finding:
    if not folder.is_dir():
        return fail("disk", f"{what}: there is no folder {folder}", "Make it.")
    free = shutil.disk_usage(folder).free
    text = f"{what}: {free / 1e9:,.1f} GB free in {folder}"
    if free < settings.IMPORT_MAX_BYTES:
        return fail("disk", text, "An upload of IMPORT_MAX_BYTES does not fit.")
    if free < SPOOL * settings.IMPORT_MAX_BYTES:
        return warn("disk", text, f"An upload of IMPORT_MAX_BYTES may take {SPOOL} times its size.")
    return ok("disk", text)


def static_files() -> Finding:
    if settings.DEBUG:
        return ok("static files", "DEBUG serves them from where they lie")
    root = Path(settings.STATIC_ROOT)
    wanted = {path for finder in get_finders() for path, _ in finder.list([])}
    named = getattr(staticfiles_storage, "hashed_files", wanted)  # by their content
    missing = [path for path in wanted if path not in named or not (root / path).is_file()]
    if missing:
        todo = "Run: python src/manage.py collectstatic --noinput"
        return fail("static files", f"{len(missing)} of {len(wanted)} are not collected", todo)
    return ok("static files", f"{len(wanted)} are collected")
