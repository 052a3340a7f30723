# Puts a file back to the machine that was backed up. After `terraform apply`, and with the password
# in TF_VAR_guest_password:
# terraform apply "-invoke=action.veeam_file_restore.offers"
variable "guest_password" {
  type      = string
  ephemeral = true
}

resource "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}

action "veeam_file_restore" "offers" {
  config {
    mount_point_id      = veeam_mount_point.oracle.id
    session_fingerprint = veeam_mount_point.oracle.session_fingerprint
    paths               = ["E:/Documentation 2014/Offers.docx"]
    overwrite           = true

    guest_credentials {
      username = "FILESERVER01\\administrator"
      password = var.guest_password
    }
  }
}
