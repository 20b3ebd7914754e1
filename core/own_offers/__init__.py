"""Offers that the user's anymedia.toml declares, in the words of `anymedia.declare`: read, and checked as built-in ones
are. Imports model, declare, and what the tables of a configuration have in common."""
