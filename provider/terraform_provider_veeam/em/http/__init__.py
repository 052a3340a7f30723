"""How Enterprise Manager is spoken to: one exchange, one request, one way of trying again."""
