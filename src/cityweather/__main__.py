"""The `cityweather` command: Django's management commands under our name."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    execute_from_command_line(["cityweather", *sys.argv[1:]])


if __name__ == "__main__":
    main()
