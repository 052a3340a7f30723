# Says in every plan which machines have no good backup of the last day, and which repositories are
# nearly full. Nothing fails for that: a check is a warning.
#
# In terraform.tfvars:
#
#   machines = ["oracle03", "web02"]
#
#   terraform plan

terraform {
  required_version = ">= 1.9"
  required_providers {
    veeam = { source = "veeam-em/veeam", version = "~> 0.1" }
  }
}

provider "veeam" {} # VEEAM_EM_URL, VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD, ...

variable "machines" {
  type        = set(string)
  description = "Names of the VMs"
}

variable "hours" {
  type        = number
  default     = 24
  description = "How old the last backup may be"
}

variable "free_percent" {
  type        = number
  default     = 10
  description = "How much of a repository has to be free"
}

data "veeam_backup_sessions" "of" {
  for_each = var.machines

  machine_name  = each.key
  created_after = timeadd(plantimestamp(), "-${var.hours}h")
}

data "veeam_repositories" "all" {}

locals {
  # The results of what is over, the newest first.
  results = {
    for machine, found in data.veeam_backup_sessions.of :
    machine => [for session in found.backup_sessions : session.result if session.result != null]
  }
  # The last one counts. A warning is a backup with remarks.
  unprotected = [
    for machine, results in local.results :
    machine if !contains(["Success", "Warning"], try(results[0], "none"))
  ]
  full = [
    for repository in data.veeam_repositories.all.repositories : repository.name
    if try(repository.free_space / repository.capacity * 100 < var.free_percent, false)
  ]
}

check "backups" {
  assert {
    condition     = length(local.unprotected) == 0
    error_message = "No good backup in the last ${var.hours} hours: ${join(", ", local.unprotected)}."
  }
}

check "repositories" {
  assert {
    condition     = length(local.full) == 0
    error_message = "Less than ${var.free_percent} % are free: ${join(", ", local.full)}."
  }
}

output "last_backups" {
  value = {
    for machine, found in data.veeam_backup_sessions.of :
    machine => try(found.backup_sessions[0].created_at, null)
  }
}
