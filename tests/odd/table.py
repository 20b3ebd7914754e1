"""The table of odd answers: each row has the number of its kind, the example in plain words, and what a user sees."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

Check = Callable[..., Awaitable[None] | None]


@attrs.frozen
class Row:
    """One example; `check` is given the world."""

    kind: int
    id: str
    check: Check
    slow: bool = False


ROWS: list[Row] = []


def row(kind: int, words: str, *, slow: bool = False) -> Callable[[Check], Check]:
    """Add a row to the table; a slow one takes more than a second."""

    def add(check: Check) -> Check:
        slug = f"kind{kind:02}-{re.sub('[^a-z0-9]+', '-', words.lower()).strip('-')}"
        same = sum(re.fullmatch(f"{slug}(--[0-9]+)?", each.id) is not None for each in ROWS)
        ROWS.append(Row(kind, f"{slug}--{same + 1}" if same else slug, check, slow))
        return check

    return add


def each(kind: int, words: str, *cases: Any, slow: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add a row for each case, whose first part (its name, or itself) is put into the words."""

    def add(check: Callable[..., Any]) -> Callable[..., Any]:
        for case in cases:
            name, *rest = case if isinstance(case, tuple) else (case, case)
            row(kind, words.format(name), slow=slow)(lambda world, _rest=tuple(rest): check(world, *_rest))
        return check

    return add
