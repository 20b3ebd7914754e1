"""What every Journal promises, as tests: another package's journal runs the very suite that the built-in ones run.

    import pytest
    from anymedia.testing.journal import JournalContract

    class TestMine(JournalContract):
        @pytest.fixture
        def opens(self, tmp_path):
            return lambda: MyJournal(tmp_path / "journal")

        def crash(self, journal):
            journal.lease.stop()

`opens` returns a function that opens one more journal over the same store; the store is empty at the beginning of each
test. `crash` lets an owner die as a killed process does. Needs the extra `testing`.
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"anymedia.testing.{name}"
        for name in (
            "journal_entries",
            "journal_limits",
            "journal_owners",
            "journal_pruned",
            "journal_sums",
            "journal_told",
        )
    )
)

from .journal_limits import Limited  # noqa: E402 - after what makes its assertions tell more
from .journal_pruned import Grown  # noqa: E402


class JournalContract(Grown, Limited):
    """The promises of `anymedia.Journal`: subclass it in a test module, with `opens` and `crash`."""
