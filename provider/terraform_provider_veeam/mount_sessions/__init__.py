"""How a mount's logon session gets from one process of Terraform to the next."""
