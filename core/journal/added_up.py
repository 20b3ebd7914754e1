"""The tables in which sums over attempts are kept, and the statements that keep them: each database's triggers hold
them, so that every statement that changes what sums are made of changes these too."""

from collections.abc import Mapping, Sequence

NONE: Mapping[str, str] = {}

ADDED_UP: Mapping[str, str] = {
    "number": "1",
    "known": "CAST(attempts.reserved IS NOT NULL AS INTEGER)",
    "reserved": "coalesce(attempts.reserved, 0)",
    "quotes": "CAST(attempts.quoted IS NOT NULL AS INTEGER)",
    "exact_quotes": "CAST(attempts.quoted IS NOT NULL AND attempts.quoted_exactly AS INTEGER)",
    "quoted": "coalesce(attempts.quoted, 0)",
    "differing": "coalesce(CAST(attempts.reserved <> attempts.quoted AS INTEGER), 0)",
}
"""What is added up of attempts, and what each of them adds to it."""

GROUPS: Mapping[str, Sequence[str]] = {
    "sums": ("day", "account", "kind", "offer", "model", "counts_as"),
    "label_sums": ("day", "labels", "counts_as"),
    "batch_sums": ("day", "batch", "counts_as"),
}
"""The tables in which sums over attempts are kept that are not open, and the columns that each is for."""

ALL = "coalesce(NEW.reserved, 0)"
"""By how much an attempt may be billed that is added."""

MORE = "coalesce(NEW.reserved, 0) - coalesce(OLD.reserved, 0)"
"""By how much more a changed attempt may be billed."""


def kept(row: str, sign: str, beside: Mapping[str, str] = NONE, known_by: Mapping[str, str] = NONE) -> str:
    """Return the statements that add a row to the sums that are kept, or take it from them; an open one is in none.

    `beside` are columns that the tables have too, with their values, and `known_by` what some columns are known by.
    """
    values = [f"{sign}({value.replace('attempts.', f'{row}.')})" for value in ADDED_UP.values()]
    return " ".join(
        f"INSERT INTO {table} ({', '.join((*beside, *groups, *ADDED_UP))}) "
        f"SELECT {', '.join((*beside.values(), *(f'{row}.{group}' for group in groups), *values))} "
        f"WHERE NOT {row}.open AND {row}.counts_as IS NOT NULL "
        f"ON CONFLICT ({', '.join((*beside, *(known_by.get(group, group) for group in groups)))}) DO UPDATE SET "
        f"{', '.join(f'{name} = {table}.{name} + excluded.{name}' for name in ADDED_UP)};"
        for table, groups in GROUPS.items()
    )


def of_day(reserved: str, beside: Mapping[str, str] = NONE) -> str:
    """Return the statement that adds an amount to what is reserved of an account's day."""
    return (
        f"INSERT INTO days ({', '.join((*beside, 'account', 'day', 'reserved'))}) "
        f"SELECT {', '.join((*beside.values(), 'NEW.account', 'NEW.day', reserved))} WHERE {reserved} <> 0 "
        f"ON CONFLICT ({', '.join((*beside, 'account', 'day'))}) "
        "DO UPDATE SET reserved = days.reserved + excluded.reserved;"
    )


def more(
    table: str,
    groups: Sequence[str],
    figures: Sequence[str],
    beside: Mapping[str, str] = NONE,
    known_by: Mapping[str, str] = NONE,
) -> str:
    """Return the statement that adds figures to those of a group in a table: the values are of both, in this order."""
    values = (*beside.values(), *"?" * (len(groups) + len(figures)))
    return (
        f"INSERT INTO {table} ({', '.join((*beside, *groups, *figures))}) VALUES ({', '.join(values)}) "  # noqa: S608
        f"ON CONFLICT ({', '.join((*beside, *(known_by.get(group, group) for group in groups)))}) DO UPDATE SET "
        f"{', '.join(f'{name} = {table}.{name} + excluded.{name}' for name in figures)}"
    )
