# Puts a new VM into its backup job, and takes it out again before it is destroyed.
#
# In terraform.tfvars:
#
#   vm  = "app01"
#   job = "Daily"
#
#   terraform apply
#   terraform destroy

terraform {
  required_version = ">= 1.9"
  required_providers {
    veeam = { source = "veeam-em/veeam", version = "~> 0.1" }
  }
}

provider "veeam" {} # VEEAM_EM_URL, VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD, ...

variable "vm" {
  type        = string
  description = "Name of the VM"
}

variable "job" {
  type        = string
  description = "Name of the backup job"
}

# Stands for the resource that makes the VM, like a vsphere_virtual_machine.
resource "terraform_data" "vm" {
  input = var.vm
}

# Enterprise Manager may take some minutes to know a VM that was just made.
data "veeam_hierarchy_object" "vm" {
  name       = terraform_data.vm.output
  wait_up_to = "10m"
}

data "veeam_job" "backup" {
  name = var.job
  type = "Backup"
}

resource "veeam_job_object" "vm" {
  job_id = data.veeam_job.backup.id
  ref    = data.veeam_hierarchy_object.vm.ref
}

output "protected_by" {
  value = "${veeam_job_object.vm.name} is backed up by ${data.veeam_job.backup.name}, next at ${coalesce(data.veeam_job.backup.next_run_at, "no set time")}"
}
