"""Many requests under one name, one budget and one bound on what is in flight: each is bought as `generate` buys it."""

from collections.abc import AsyncIterator, Callable, Sequence

from anymedia.model.batch import BatchEnd, BatchPlan, BatchProgress, Row, RowEnd


class Batch:
    """Rows that are bought under one name; started again under it, it goes on where it was.

    `end` is how the latest run has ended; None before that.
    """

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name: str = name
        self.rows: Sequence[Row] = rows
        self.end: BatchEnd | None = None

    @property
    def progress(self) -> BatchProgress:
        """How it stands now."""
        raise NotImplementedError

    async def plan(self) -> BatchPlan:
        """Check and price every row that was not bought before; sends nothing. Errors: BadRows with every bad row."""
        raise NotImplementedError

    async def run(self, on_row: Callable[[RowEnd], None] | None = None) -> BatchEnd:
        """Buy what was not bought before, wait for all of it, and return how it ended; `on_row` sees each row's end."""
        raise NotImplementedError

    def __aiter__(self) -> AsyncIterator[RowEnd]:
        """Do as `run`, and yield each row's end."""
        raise NotImplementedError

    def stop(self) -> None:
        """Begin no more rows; what is under way is waited for."""
        raise NotImplementedError
