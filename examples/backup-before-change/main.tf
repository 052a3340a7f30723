# Makes a restore point of a VM right before every risky change. When the backup fails, the change
# does not happen.
#
# In terraform.tfvars:
#
#   vm      = "web02"
#   release = "1.0"
#
#   terraform apply
#   terraform apply -var release=1.1   # backs web02 up, then changes it

terraform {
  required_version = ">= 1.14" # for actions
  required_providers {
    veeam = { source = "veeam-em/veeam", version = "~> 0.1" }
  }
}

provider "veeam" {} # VEEAM_EM_URL, VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD, ...

variable "vm" {
  type        = string
  description = "Name of the VM; it has to be in a backup job that has a full backup of it"
}

variable "release" {
  type        = string
  description = "What the VM is to have: another one is the risky change"
}

data "veeam_hierarchy_object" "vm" {
  name = var.vm
}

# Stands for what changes the VM: another size, a new version of what runs on it.
resource "terraform_data" "release" {
  input = var.release

  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.veeam_quick_backup.vm]
    }
  }
}

action "veeam_quick_backup" "vm" {
  config {
    ref      = data.veeam_hierarchy_object.vm.ref
    timeouts = { invoke = "1h" }
  }
}

output "release" {
  value = terraform_data.release.output
}
