# Finds the newest backup of a machine before a date, mounts it, and downloads a file out of it.
#
# In terraform.tfvars, so that `terraform destroy` finds it too:
#
#   machine = "oracle03"
#   before  = "2026-11-14T00:00:00Z"
#   file    = "E:/Documentation 2014/Offers.docx"   # or "E:\\Documentation 2014\\Offers.docx"
#
#   terraform apply
#   terraform apply "-invoke=action.veeam_file_download.this"   # once more
#   terraform destroy                                         # unmounts

terraform {
  required_version = ">= 1.14" # for actions
  required_providers {
    veeam = { source = "veeam-em/veeam", version = "~> 0.1" }
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
  description = "The file, from its volume on; in double quotes a backslash is written twice"
}

variable "folder" {
  type        = string
  default     = "restored"
  description = "Local folder that the file is put into"
}

locals {
  # After a drive letter a backslash separates, as in Windows; elsewhere it is part of a name.
  has_drive = can(regex("^[A-Za-z]:", var.file))
  file      = local.has_drive ? replace(var.file, "\\", "/") : var.file
  parts     = split("/", local.file)
}

data "veeam_restore_point" "this" {
  machine_name   = var.machine
  created_before = var.before
  latest         = true
}

resource "veeam_mount_point" "this" {
  restore_point_id = data.veeam_restore_point.this.id

  lifecycle {
    # A mount may take half an hour: what can't be the path of a file fails before it.
    precondition {
      condition = (
        length(local.parts) > 1 && (length(local.parts[0]) == 2 || !local.has_drive) &&
        alltrue([for part in local.parts : !contains(["", ".", ".."], part)]) &&
        !can(regex("[[:cntrl:]]", local.file))
      )
      error_message = "file has to be the whole path of a file, like E:/Docs/Offers.docx, E:\\Docs\\Offers.docx or Volume$0:/etc/hosts. In double quotes a backslash is written twice: \"E:\\\\Docs\\\\Offers.docx\"."
    }
  }
}

# What is beside the file: the plan after the apply shows when that changes.
data "veeam_mount_point_files" "beside" {
  mount_point_id      = veeam_mount_point.this.id
  session_fingerprint = veeam_mount_point.this.session_fingerprint
  path                = trimsuffix(local.file, "/${element(local.parts, -1)}")
}

# Every new mount, and every other file or folder that is named, is a download. It comes before
# this is made, so that one that failed is tried again by the next apply.
resource "terraform_data" "download" {
  triggers_replace = [veeam_mount_point.this.session_fingerprint, local.file, var.folder]

  lifecycle {
    action_trigger {
      events  = [before_create]
      actions = [action.veeam_file_download.this]
    }
  }
}

action "veeam_file_download" "this" {
  config {
    mount_point_id      = veeam_mount_point.this.id
    session_fingerprint = veeam_mount_point.this.session_fingerprint
    paths               = [local.file]
    folder              = var.folder
  }
}

output "restore_point" {
  value = data.veeam_restore_point.this.name
}

output "beside" {
  value = [for file in data.veeam_mount_point_files.beside.files : file.path]
}
