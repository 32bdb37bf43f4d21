"""The web process: gunicorn cityweather.wsgi"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
application = get_wsgi_application()

from cityweather.checks import require_sound_settings  # noqa: E402  # Django has to be set up first

require_sound_settings()
