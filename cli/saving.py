"""Where a command's results go: --out, --names and --sidecar."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from anymedia import Asset, Config, ConfigError, Saved, Task
from anymedia.model.file_names import BY_DAY, FLAT, FileNames
from anymedia.model.paths import expanded
from anymedia.storage import Storage, folder_of, unwritable

from .inline.option import refuse_json, show_option

if TYPE_CHECKING:
    from anymedia import Client
    from anymedia.engine.sidecar import Sidecar

T = TypeVar("T")


@attrs.frozen
class Saving:
    """What a command says of its results: their place (None: as configured) and names, a sidecar, and --show."""

    out: str | None
    names: str | None = None
    sidecar: "Sidecar" = False
    show: bool = False

    def place(self, config: Config) -> str | None:
        """Return the place; None where it is the configured storage."""
        stored = config.storage is not None and config.storage.results
        return "." if self.out is None and not stored else self.out

    async def save(self, client: "Client", task: Task) -> tuple[Saved, ...]:
        """Save the results of a task. Errors: DownloadError."""
        return await client.download(task, self.out, names=self.names, sidecar=self.sidecar)


def writable(named: Path) -> Path:
    """Return a folder that can be written to, or made: nothing is bought that cannot be kept. Errors: ConfigError."""
    from anymedia.transport.places import check_folder  # which commands without a place need not wait for

    out = expanded(named)
    try:
        check_folder(out)
    except OSError as error:
        raise unwritable(str(out), error.strerror or str(error)) from None
    return out


def place(_: click.Context, __: click.Parameter, named: str | None) -> str | None:
    """Refuse a folder that cannot be written to, and what is neither a folder nor a bucket."""
    if named is None:
        return None
    if (folder := folder_of(named)) is not None:
        return str(writable(folder))
    try:
        return Storage(url=named).url
    except ConfigError as error:
        raise click.BadParameter(str(error).removeprefix("url: ")) from None


def _names(_: click.Context, __: click.Parameter, pattern: str | None) -> str | None:
    try:
        if pattern is not None:
            FileNames(pattern)
    except ConfigError as error:
        raise click.BadParameter(str(error).removeprefix("names: ")) from None
    return pattern


def saves(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags to a command, with --show; it receives them as `saving`."""

    @wraps(function)
    def saving(*args: Any, saving: Saving, show: bool, **given: Any) -> T:
        refuse_json(show=show, as_json=given["as_json"])
        return function(*args, saving=attrs.evolve(saving, show=show), **given)

    return saves_many()(show_option(saving))


def saves_many(otherwise: str = "the working directory") -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Return what adds the flags to a command whose results are too many to be shown; it receives them as `saving`.

    `otherwise` says where they go when neither --out nor [storage] does.
    """

    def flagged(function: Callable[..., T]) -> Callable[..., T]:
        @wraps(function)
        def saving(*args: Any, out: str | None, names: str | None, sidecar: str | None, **given: Any) -> T:
            beside: Sidecar = "request" if sidecar == "request" else sidecar is not None
            return function(*args, saving=Saving(out, names, beside), **given)

        for flag in (*reversed(_FLAGS), _out(otherwise)):
            saving = flag(saving)
        return saving

    return flagged


def _out(otherwise: str) -> Callable[..., Any]:
    return click.option(
        "--out",
        callback=place,
        metavar="PLACE",
        help="A folder, or a bucket like s3://bucket/prefix (gs://, az://); no file is overwritten. Default: [storage] "
        f"of the config file where its results are on, else {otherwise}.",
    )


_FLAGS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--names",
        callback=_names,
        metavar="PATTERN",
        help=f"How files are named. Default: {FLAT}, in a storage {BY_DAY}.",
    ),
    click.option(
        "--sidecar",
        "sidecar",
        flag_value="digest",
        help="Write JSON beside each file: where it comes from, what it is, and the digest of the request.",
    ),
    click.option(
        "--sidecar-request",
        "sidecar",
        flag_value="request",
        help="The same with the request itself, where the journal may hold prompts.",
    ),
)


def location(asset: Asset) -> str | None:
    """Return where a result was saved, if it was."""
    if isinstance(asset, Saved):
        return asset.location
    return asset.stored if asset.path is None else str(asset.path)
