# The newest backup that still has a lost file, and its mount: without knowing the night.
data "veeam_file_versions" "contract" {
  machine_name = "oracle03"
  path         = "E:/Documentation 2014/Contract.docx"
  limit        = 1

  lifecycle {
    postcondition {
      condition     = length(self.file_versions) > 0
      error_message = "No backup in the index has it."
    }
  }
}

resource "veeam_mount_point" "oracle" {
  restore_point_id = data.veeam_file_versions.contract.file_versions[0].restore_point_id
}
