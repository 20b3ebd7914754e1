"""The journal on PostgreSQL, which any number of machines share. It alone knows psycopg (the extra `postgres`)."""

from .journal import PostgresJournal

__all__ = ["PostgresJournal"]
