"""The list resources, one a file: what `terraform query` finds."""
