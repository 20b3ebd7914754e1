"""How the page looks: on light and dark, wide and narrow, on a screen and on paper."""

from functools import cache
from importlib.resources import files


@cache
def style() -> str:
    """Return the one sheet of the page, which stands beside this module."""
    return files(__package__).joinpath("page.css").read_text("utf-8")
