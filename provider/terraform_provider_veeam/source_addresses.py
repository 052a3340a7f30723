"""The provider's source addresses: the same name in Terraform's registry and in OpenTofu's."""

HOSTS = ("registry.terraform.io", "registry.opentofu.org")
NAMESPACE, TYPE = "veeam-em", "veeam"
ADDRESSES = tuple(f"{host}/{NAMESPACE}/{TYPE}" for host in HOSTS)
