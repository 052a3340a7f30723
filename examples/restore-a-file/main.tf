# Finds the newest backup of a machine before a date, mounts it, and downloads a file out of it.
#
# In terraform.tfvars, so that `terraform destroy` finds it too:
#
#   machine = "oracle03"
#   before  = "2026-11-14T00:00:00Z"
#   file    = "E:/Documentation 2014/Offers.docx"
#
#   terraform apply
#   terraform destroy   # unmounts

terraform {
  required_version = ">= 1.14" # for actions
  required_providers {
    veeam = { source = "veeam-em/veeam" }
  }
}

provider "veeam" {} # VEEAM_EM_URL, VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD, ...

variable "machine" {
  type        = string
  description = "Name of the VM"
}

variable "before" {
  type        = string
  description = "The backup is the newest before this time, RFC 3339"
}

variable "file" {
  type        = string
  description = "The file, from its volume on"
}

variable "folder" {
  type        = string
  default     = "restored"
  description = "Local folder that the file is put into"
}

data "veeam_restore_point" "this" {
  machine_name   = var.machine
  created_before = var.before
  latest         = true
}

resource "veeam_mount_point" "this" {
  restore_point_id = data.veeam_restore_point.this.restore_point_id
}

# What is beside the file: the plan after the apply shows when that changes.
data "veeam_mount_point_files" "beside" {
  mount_point_id      = veeam_mount_point.this.id
  session_fingerprint = veeam_mount_point.this.session_fingerprint
  path                = join("/", slice(split("/", var.file), 0, length(split("/", var.file)) - 1))
}

# Every new mount, and every other file that is asked for, is a download. It comes before the
# change, so that one that failed is tried again by the next apply.
resource "terraform_data" "download" {
  input            = var.file
  triggers_replace = veeam_mount_point.this.session_fingerprint

  lifecycle {
    action_trigger {
      events  = [before_create, before_update]
      actions = [action.veeam_file_download.this]
    }
  }
}

action "veeam_file_download" "this" {
  config {
    mount_point_id      = veeam_mount_point.this.id
    session_fingerprint = veeam_mount_point.this.session_fingerprint
    paths               = [var.file]
    folder              = var.folder
  }
}

output "restore_point" {
  value = data.veeam_restore_point.this.name
}

output "beside" {
  value = [for file in data.veeam_mount_point_files.beside.files : file.path]
}
