"""The files in a mount point: paths, listings, restores and downloads."""
