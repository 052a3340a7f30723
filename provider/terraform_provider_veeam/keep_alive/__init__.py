"""`keep_alive`: a small process that holds a logon session open after Terraform has ended."""
