"""Which model and which kind of request are meant where fields are given by their names: on a command line, in a row.

The kind is that of the model. A field that its requests do not have is refused, and a prompt is the text to be spoken
where they have no prompt.
"""

from collections.abc import Collection, Mapping, Sequence

import attrs

from .config import Config
from .declare.adapter import Adapter
from .model.errors import OutOfBounds, Problem
from .model.kinds import kinds_with, works
from .model.vocabulary import Kind
from .pricing.model_names import model_meant
from .pricing.unsold import kinds_of
from .registry import adapters

PROMPT, TEXT = "prompt", "text"
"""The field that gives the text to be spoken too, and the field that it is then."""


@attrs.frozen
class ModelMeant:
    """A model by the name under which it is sold, and the kinds of what its offers make."""

    model: str
    kinds: tuple[Kind, ...]

    def fields(self, given: Collection[str]) -> tuple[Kind, Mapping[str, str]]:
        """Return the kind of the request that has the fields given, and which field of it each of them is.

        Errors: OutOfBounds naming every field that requests of the model do not have.
        """
        meant = {kind: _fields(given, kind) for kind in self.kinds}
        foreign = {kind: [name for name in given if kind not in kinds_with(meant[kind][name])] for kind in meant}
        kind = next((kind for kind in meant if not foreign[kind]), self.kinds[0])
        if foreign[kind]:
            both = foreign[kind] == [PROMPT] and TEXT in given
            told = {name: _BOTH if both else self._is_for(name) for name in foreign[kind]}
            raise OutOfBounds(
                problems=[Problem(field=name, message=each, documented=False) for name, each in told.items()]
            )
        return kind, meant[kind]

    def _is_for(self, field: str) -> str:
        return f"is for {works(kinds_with(field))}, and {self.model} makes {works(self.kinds)}"


_BOTH = "give the text as prompt or as text, not both"


def _fields(given: Collection[str], kind: Kind) -> dict[str, str]:
    """Return which field of requests of a kind each name means that is given."""
    spoken = kind not in kinds_with(PROMPT) and TEXT not in given
    return {name: TEXT if spoken and name == PROMPT else name for name in given}


def named_model(name: str, config: Config, accounts: Sequence[str] = (), offer: str | None = None) -> ModelMeant:
    """Return the model that a name means, and what it makes; what `offer` pins makes, where it is one of its offers.

    Errors: Unsupported for a model that nobody sells, naming those that it may mean, of these accounts if they are
    named.
    """
    known = known_adapters(config)
    model = model_meant(name, known)
    return ModelMeant(model, tuple(kinds_of(model, known, offer, asked=adapters_of(accounts, config))))


def known_adapters(config: Config) -> list[Adapter]:
    """Return every adapter, those of the accounts with the offers that the configuration declares."""
    return [*adapters().values(), *(account.adapter for account in config.accounts.values())]


def adapters_of(names: Sequence[str], config: Config) -> list[Adapter]:
    """Return the adapters of the accounts that are named, as far as there are such: it is said later if there are not.

    A provider without an account of its own may be asked for its prices.
    """
    found = (config.accounts[name].adapter if name in config.accounts else adapters().get(name) for name in names)
    return [adapter for adapter in found if adapter is not None]
