"""What the caller wants, in words that belong to no provider."""

import copy
from abc import ABC
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

import attrs

from .errors import OutOfBounds, Problem
from .forms import EXTRA, LABELS, LINK, MEDIA, TEXT, Role, Roles, holds, is_given, is_json, texts_in
from .media import Media, Unreadable
from .urls import is_path, is_url
from .vocabulary import Kind

DELIVERY = ("callback_url", "labels")
"""Fields about delivery: an offer that does not take them is not refused for it."""

FROM_TEXT = "text"
"""The variant of a request that gives none of the inputs of its kind."""


def _kind(given: Any) -> Any:
    return Kind(given) if given in tuple(Kind) else given


def _copied(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return copy.deepcopy(given)


def _given_or_empty(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {} if given is None else _copied(given)


@attrs.frozen(kw_only=True)
class Request(ABC):
    """What every kind of request has; each kind is a subclass that names its `kind` and lists its fields.

    `extra` passes raw fields by provider ({"acme": {"steps": 20}}) and wins over the mapped ones; `labels` are the
    caller's own. A value may be spelled in other ways (`forms` reads them): what is held is canonical. Errors:
    OutOfBounds with every problem, for what no provider could take.
    """

    kind: ClassVar[Kind]
    roles: ClassVar[Roles]
    exclusive: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of fields of which only one may be given."""

    model: str = attrs.field(metadata=holds(TEXT))
    callback_url: str | None = attrs.field(default=None, metadata=holds(LINK, Role.FREE))
    extra: Mapping[str, Mapping[str, Any]] = attrs.field(
        factory=dict, converter=_given_or_empty, hash=False, metadata=holds(EXTRA)
    )
    labels: Mapping[str, str] = attrs.field(factory=dict, converter=_given_or_empty, hash=False, metadata=holds(LABELS))

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        cls.roles = Roles.of(cls)

    def __attrs_post_init__(self) -> None:
        for name, form in self.roles.forms.items():
            value = getattr(self, name)
            if value is not None and (read := form.canonical(value)) is not value:
                object.__setattr__(self, name, read)  # two spellings of a request are one request from here on
        problems = tuple(_problems(self))
        if problems:
            raise OutOfBounds(problems=problems)

    def conflicts(self) -> Iterator[Problem]:
        """Yield what this kind cannot be asked for together, beside its exclusive pairs."""
        yield from ()

    @property
    def given(self) -> dict[str, Any]:
        """The fields that an offer can map and the caller has given, in the kind's order."""
        given = {}
        for name in self.roles.names:
            value = getattr(self, name)
            if value is not None and value != ():
                given[name] = value
        return given

    @property
    def files(self) -> Iterator[tuple[str, str | Media]]:
        """Each file that is put in, with the field that it is given for."""
        for name in self.roles.files:
            value = getattr(self, name)
            for each in value if isinstance(value, tuple) else () if value is None else (value,):
                yield name, each

    @property
    def texts(self) -> tuple[str, ...]:
        """The caller's own words, which are private: what its text fields hold, and every text of `extra` but links."""
        given = texts_in([getattr(self, name) for name in self.roles.texts])
        raw = (text for text in texts_in(self.extra) if not is_url(text))
        return tuple(dict.fromkeys((*given, *raw)))

    @property
    def variant(self) -> str:
        """The first input that is given, in the kind's order; "text" where none is."""
        return next((name for name in self.roles.inputs if is_given(getattr(self, name))), FROM_TEXT)

    @property
    def units(self) -> int:
        """How many results it asks for."""
        return getattr(self, "count", None) or 1


@attrs.frozen
class RawRequest:
    """Any body to any path of a provider: nothing is checked, the price is unknown, the task lives as any other.

    `lifecycle` names one of the provider's lifecycles in place of the usual one.
    """

    provider: str
    path: str
    body: Mapping[str, Any] = attrs.field(converter=_copied, hash=False)
    kind: Kind = attrs.field(default=Kind.IMAGE, converter=_kind)
    lifecycle: str | None = None

    def __attrs_post_init__(self) -> None:
        problems = []
        if not is_path(self.path):
            problems.append(
                Problem(field="path", message=f"must start with one / and be plain ASCII, not {self.path!r}")
            )
        if not (isinstance(self.body, Mapping) and is_json(self.body)):
            problems.append(Problem(field="body", message="must be a JSON object"))
        if self.kind not in tuple(Kind):
            problems.append(Problem(field="kind", message=f"must be one of {', '.join(Kind)}, not {self.kind!r}"))
        named: Any = self.lifecycle
        if not isinstance(named, str | None):
            problems.append(Problem(field="lifecycle", message=f"must be a text, not {named!r:.60}"))
        if problems:
            raise OutOfBounds(problems=problems)

    @property
    def units(self) -> int:
        """How many results it asks for: one, as far as anybody here knows."""
        return 1

    @property
    def texts(self) -> tuple[str, ...]:
        """The caller's own words, which are private: every text of the body but links, whatever its fields mean."""
        return tuple(dict.fromkeys(text for text in texts_in(self.body) if not is_url(text)))


AnyRequest: TypeAlias = Request | RawRequest


def _problems(request: Request) -> Iterator[Problem]:
    roles = request.roles
    for field, form in roles.forms.items():
        value = getattr(request, field)
        if not (value is None and field in roles.optional) and (fault := form.fault(value)) is not None:
            yield _problem(field, fault)
    yield from _of_other_media(request)
    for one, other in request.exclusive:
        if one in request.given and other in request.given:
            yield _problem(other, f"cannot be given beside {one}: give one of them")
    yield from request.conflicts()
    for field, form in roles.forms.items():
        value = getattr(request, field)
        if value is not None and form not in MEDIA and not is_json(value):
            yield _problem(field, "cannot be written as JSON")


NAMES = {"image": "a picture", "video": "a film", "audio": "a sound"}
"""What a file of each medium is, in words."""


def _of_other_media(request: Request) -> Iterator[Problem]:
    """Yield the files of this machine that are plainly of another medium than their field; a film may be put in for its
    sound."""
    for name, each in request.files:
        wanted = request.roles.media.get(name)
        if wanted is not None and isinstance(each, Media) and each.fault is None:
            found = each.media_type.partition("/")[0]
            if found in NAMES and found != wanted and (wanted, found) != ("audio", "video"):
                yield _problem(name, f"takes {NAMES[wanted]}, and {each.label} is {NAMES[found]}, {each.media_type}")


def unreadable(field: str, media: Media, error: Unreadable) -> Problem:
    """Return the problem of a file that cannot be read as it was put in."""
    return _problem(field, f"{media.label} {error}")


def _problem(field: str, message: str) -> Problem:
    return Problem(field=field, message=message, documented=False)
