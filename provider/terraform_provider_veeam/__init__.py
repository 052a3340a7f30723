"""Terraform and OpenTofu provider for Veeam Backup Enterprise Manager."""

__version__ = "0.1.0"
