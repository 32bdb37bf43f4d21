from typing import Any

from django.db import migrations

TYPE = "ALTER TABLE cityweather_city ALTER COLUMN key TYPE varchar(400)"


def bytewise(_: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f'{TYPE} COLLATE "C"')


def linguistic(_: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f'{TYPE} COLLATE "default"')


class Migration(migrations.Migration):
    """Compare keys by their bytes, so that the unique index also finds what begins with a text (/cities?search=).

    In a language's order PostgreSQL reads every city for that, or needs a second index, which each import would pay
    for. The index is built anew, some seconds for a million cities; the table is not.
    """

    dependencies = [("cityweather", "0005_callbacks")]

    operations = [migrations.RunPython(bytewise, linguistic)]
