"""The managed resources, one a file."""
