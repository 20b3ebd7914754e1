"""What a shell completes behind a flag or in the place of an argument: models, accounts, offers, batches and files."""

from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from anymedia import AnymediaError, load_config
from anymedia.registry import adapters

Completes = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _of(words: Callable[[], Iterable[str]]) -> Completes:
    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in sorted(set(words())) if word.startswith(begun)]

    return complete


def _models() -> Iterator[str]:
    return (offer.model for adapter in adapters().values() for offer in adapter.offers)


def _accounts() -> Iterable[str]:
    try:
        return [*load_config().accounts, *adapters()]
    except AnymediaError:  # a broken file is told of once the command runs
        return adapters()


def _offers() -> Iterator[str]:
    return (f"{adapter.name}/{offer.name}" for adapter in adapters().values() for offer in adapter.offers)


def files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Have the shell complete the name of a file."""
    return [CompletionItem(begun, type="file")]


def _batches() -> Iterable[str]:
    from .journal import with_journal

    try:
        sums = with_journal(load_config(), lambda ledger: ledger.sums("batch"))
    except AnymediaError:
        return ()
    return (str(each.group) for each in sums if each.group)


models: Completes = _of(_models)
accounts: Completes = _of(_accounts)
offers: Completes = _of(_offers)
batches: Completes = _of(_batches)


def behind(metavar: str) -> Completes | None:
    """Return what completes the value of a flag, by what stands for it in the help; None where anything may stand."""
    if metavar.startswith("FILE"):
        return files
    return {"M": models}.get(metavar) if "|" not in metavar else _of(lambda: metavar.split("|"))
