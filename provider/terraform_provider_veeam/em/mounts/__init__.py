"""Mount points: making one, and those that exist. Each lives in a logon session of its own."""
