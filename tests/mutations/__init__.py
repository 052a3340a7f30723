"""Faults put into the provider on purpose, to see a test fail for each."""
