"""`anymedia trust`: which folders may hold an anymedia.toml that sends keys or files to hosts of its own choice."""

import click

from anymedia import ConfigError
from anymedia.config import FILE, trusted_folders
from anymedia.model.paths import expanded
from anymedia.trust import folder_of, read_trusted, write_trusted

from .command import Command
from .text import print_json, printable, say


@click.command("trust", cls=Command, example="trust --list")
@click.argument("folder", required=False)
@click.option("--list", "is_list", is_flag=True, help="List the folders that are trusted; change nothing.")
@click.option("--remove", is_flag=True, help="Trust the folder no more.")
def command(folder: str | None, is_list: bool, remove: bool, as_json: bool) -> None:
    """Trust the anymedia.toml of a folder.

    The folder is the working directory, unless FOLDER is given. A file that is found only because it lies in the
    working directory may not lead an API key or a file of yours to a host that neither a provider nor this machine is:
    it may have come with somebody else's repository. Look into it first. --json prints the list of the folders that are
    trusted then.
    """
    if is_list and (folder is not None or remove):
        raise click.UsageError("--list goes alone")
    path = trusted_folders()
    folders = read_trusted(path)
    if is_list:
        _show(folders, as_json=as_json)
        return
    named = expanded(folder or ".")
    here = str(folder_of(named / FILE))
    if remove and here not in folders:
        raise ConfigError(f"{here}: it was not trusted")
    if not remove and not (named / FILE).is_file():
        raise ConfigError(f"{here}: there is no {FILE} in it")
    folders = [each for each in folders if each != here] + ([] if remove else [here])
    write_trusted(path, folders)
    if as_json:
        print_json(sorted(folders))
    else:
        click.echo(printable(f"{here} is {'not trusted any more' if remove else 'trusted'}"))


def _show(folders: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(folders)
    elif not folders:
        say("no folder is trusted")
    for each in () if as_json else folders:
        click.echo(printable(each))
