"""Client of the Veeam Backup Enterprise Manager REST API. Knows nothing of Terraform."""
