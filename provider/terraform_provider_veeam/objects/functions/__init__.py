"""The functions, one a file: they compute, and never ask the server."""
