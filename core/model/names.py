"""The error text for an unknown name: it names those that may be meant. And names as a sentence lists them."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

_LIKE = 0.65
"""How like a name another must be to be meant by it, from 0 to 1."""

_NEAR = 0.5
"""How like it a name must be to be near it at all."""

_MANY, _NEAREST = 30, 5
"""Names that are listed at most, and how many stand for more."""

_PART = 2
"""Characters that a part of a name has at least."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


def no_such(
    what: str, name: str, known: Iterable[str], also: Mapping[str, str] = _NOTHING, *, lists: str | None = None
) -> str:
    """Return the error text for a name that is not among those known, with those that it may mean.

    `also` are other words by which known ones are called; `lists` is what lists them where they are many.
    """
    return f"no {what} is named {name!r}; {nearest(name, known, also, lists=lists)}"


def nearest(name: str, known: Iterable[str], also: Mapping[str, str] = _NOTHING, *, lists: str | None = None) -> str:
    """Return what to say of a name that is not among those known: which it may mean, or which there are."""
    known = list(known)
    if near := meant(name, known, also):
        return f"did you mean {either(near)}?"
    if len(known) <= _MANY:
        return "there are " + (", ".join(known) or "none")
    like = get_close_matches(name.casefold(), known, _NEAREST, _NEAR)
    some = f"of {len(known)} the nearest are {', '.join(like)}" if like else f"there are {len(known)}"
    return f"{some}; {lists} lists them" if lists else some


def meant(name: str, known: Iterable[str], also: Mapping[str, str] = _NOTHING) -> list[str]:
    """Return the known names that an unknown one may mean: those that it is a part of, else the one most like it.

    Those that begin with it stand first, in the order of the alphabet as the others are.
    """
    words: dict[str, list[str]] = {}
    for word, each in (*also.items(), *((each, each) for each in known)):
        words.setdefault(word.casefold(), []).append(each)
    part = name.casefold()
    within = [word for word in words if part in word] if len(part) >= _PART else []
    found = sorted(within, key=lambda word: (not word.startswith(part), word))
    near = found or get_close_matches(part, words, 1, _LIKE)
    return list(dict.fromkeys(each for word in near for each in words[word]))


def either(names: Iterable[str]) -> str:
    """Return names of which one is to be chosen: a, b or c."""
    *before, last = names
    return f"{', '.join(before)} or {last}" if before else last


def together(words: Iterable[str]) -> str:
    """Return words as a sentence names them together: image, video and music."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else str(last)
