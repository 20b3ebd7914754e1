"""What was paid for is never forgotten: the durable record of attempts. Imports model alone."""

from .ledger import Journal

__all__ = ["Journal"]
