"""The ephemeral resources, one a file: they exist only while Terraform runs."""
