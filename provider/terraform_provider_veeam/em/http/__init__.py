"""HTTP with Enterprise Manager: one exchange, one request, one way of trying again."""
