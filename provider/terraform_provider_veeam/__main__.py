"""`python -m terraform_provider_veeam` is `terraform-provider-veeam`."""

from terraform_provider_veeam.cli import main

if __name__ == "__main__":
    main()
