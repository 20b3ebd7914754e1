"""What every adapter promises, as tests: another package's adapter runs the very suite that the built-in ones run.

    from anymedia.testing import Contract

    class TestAcme(Contract):
        providers = ("acme",)

Adapter and simulator are found by their entry points. Needs the extra `testing`.
"""

from .clock import FakeClock
from .contract import Contract

__all__ = ["Contract", "FakeClock"]
