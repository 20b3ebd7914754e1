"""Options in the help below titles, so that a long list of them can be read."""

from collections.abc import Iterable
from typing import Any

import click

OTHERS = "Options"
"""The title of the options that have none of their own."""


class Titled(click.Option):
    """An option that the help shows below a title."""

    def __init__(self, *args: Any, title: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = title


def write_options(params: Iterable[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write options into the help below their titles, in the order of the first of each; the others stand last."""
    titles: dict[str, list[tuple[str, str]]] = {}
    for param in params:
        record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
        if record is not None:
            title = param.title if isinstance(param, Titled) else OTHERS
            titles.setdefault(title, []).append(record)
    for title, records in sorted(titles.items(), key=lambda each: each[0] == OTHERS):
        with formatter.section(title):
            formatter.write_dl(records)
