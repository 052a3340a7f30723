# Downloads a folder and a file, and does so again when the restore point is mounted anew, when
# other paths are named, and with terraform apply "-invoke=action.veeam_file_download.offers"
locals {
  paths = ["E:/Documentation 2014", "C:/Windows/System32/drivers/etc/hosts"]
}

resource "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}

# A download that failed keeps this from being made: the next apply tries again.
resource "terraform_data" "download" {
  triggers_replace = [veeam_mount_point.oracle.session_fingerprint, local.paths]

  lifecycle {
    action_trigger {
      events  = [before_create]
      actions = [action.veeam_file_download.offers]
    }
  }
}

action "veeam_file_download" "offers" {
  config {
    mount_point_id      = veeam_mount_point.oracle.id
    session_fingerprint = veeam_mount_point.oracle.session_fingerprint
    paths               = local.paths
    folder              = "restored"
  }
}
