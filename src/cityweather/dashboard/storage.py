"""Static files whose names hold a hash of their content, so browsers may keep them and versions never mix."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Hashed(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it has no types
    """Used by `collectstatic`; under DEBUG the plain files are served."""

    # Without this a new module would import an old one from the browser's cache. It is no option of the settings.
    support_js_module_import_aggregation = True
