# A restore point right before a change: when the backup fails, the change does not happen.
variable "release" {
  type    = string
  default = "2026.11"
}

resource "terraform_data" "release" {
  input = var.release

  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.veeam_quick_backup.web]
    }
  }
}

action "veeam_quick_backup" "web" {
  config {
    machine_name = "web02"
    timeouts     = { invoke = "30m" }
  }
}
