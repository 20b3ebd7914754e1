"""Sums over entries, as every journal that has them in memory adds them up."""

from collections.abc import Iterable

import attrs

from .protocol import By, Entry, Sum

ADDED = [field.name for field in attrs.fields(Sum) if field.name not in ("group", "counts_as", "day", "alive")]


def sum_of(entry: Entry, by: By) -> Sum | None:
    """Return the sum of one entry; None where it counts for nothing."""
    if entry.counts_as is None:
        return None
    is_known, is_quoted = entry.reserved is not None, entry.quoted is not None
    return Sum(
        group=getattr(entry, by),
        counts_as=entry.counts_as,
        number=1,
        known=int(is_known),
        reserved=entry.reserved or 0,
        quotes=int(is_quoted),
        exact_quotes=int(is_quoted and entry.quoted_exactly),
        quoted=entry.quoted or 0,
        differing=int(is_known and is_quoted and entry.reserved != entry.quoted),
        day=entry.day,
        alive=entry.alive or not entry.open,
    )


def together(sums: Iterable[Sum]) -> list[Sum]:
    """Return one sum for all of the same group that count as the same, and whose owners are alive, or are not."""
    found: dict[tuple[str | int, str, bool], Sum] = {}
    for each in sums:
        name = (each.group, each.counts_as, each.alive)
        found[name] = _added(found[name], each) if name in found else each
    return [*found.values()]


def _added(one: Sum, other: Sum) -> Sum:
    figures = {name: getattr(one, name) + getattr(other, name) for name in ADDED}
    return attrs.evolve(one, **figures, day=max(one.day, other.day))
