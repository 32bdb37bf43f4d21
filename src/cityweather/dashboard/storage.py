"""Static files under names that hold a hash of their content: browsers may keep them, and versions never mix."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Hashed(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it has no types
    """As `collectstatic` makes them; under DEBUG the plain files are served from where they lie."""

    support_js_module_import_aggregation = True  # else a new module would import an old one from the browser's cache
