"""Which version of anymedia this is, also where it was put into a program without its metadata."""

from functools import cache

UNKNOWN = "unknown"
"""The version of a copy that has no metadata: in a frozen program, or in a zip."""


@cache
def version() -> str:
    """Return the version of the package as it is installed."""
    from importlib import metadata

    try:
        return metadata.version("anymedia")
    except metadata.PackageNotFoundError:
        return UNKNOWN
