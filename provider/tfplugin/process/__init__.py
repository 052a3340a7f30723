"""The process that serves Terraform: how it starts, what it logs, and how it ends."""
