"""A server for Terraform's plugin protocol 6, on the schema and types of `tf`. Knows no Veeam."""
