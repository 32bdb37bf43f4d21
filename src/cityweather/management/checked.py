"""Django's commands, which report unusable settings in the same lines as every other process of ours."""

from typing import Any

from django.core.management import BaseCommand, ManagementUtility

from cityweather.runtime.process import require_sound_settings


class CheckedCommands(ManagementUtility):
    def fetch_command(self, subcommand: str) -> BaseCommand:
        """With our report instead of Django's own, a block of many lines."""
        command = super().fetch_command(subcommand)

        def check(*, display_num_errors: bool = False, **options: Any) -> None:
            require_sound_settings(**options)
            if display_num_errors:
                command.stdout.write("The settings are sound.")

        vars(command)["check"] = check
        return command
