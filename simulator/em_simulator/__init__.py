"""A Veeam Backup Enterprise Manager for tests and trials; it imports nothing of the provider."""
