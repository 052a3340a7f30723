# Downloads a folder and a file whenever the restore point is mounted anew, and also with
# terraform apply -invoke=action.veeam_file_download.offers
resource "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.veeam_file_download.offers]
    }
  }
}

action "veeam_file_download" "offers" {
  config {
    mount_point_id      = veeam_mount_point.oracle.id
    session_fingerprint = veeam_mount_point.oracle.session_fingerprint
    paths               = ["E:/Documentation 2014", "C:/Windows/System32/drivers/etc/hosts"]
    folder              = "restored"
  }
}
