"""Holding logon sessions: while the provider's process lives, and after it by one keeper a user."""
