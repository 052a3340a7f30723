# Puts the newest version of a lost file back into its machine, over what is there:
# terraform apply "-invoke=action.veeam_indexed_file_restore.contract"
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

action "veeam_indexed_file_restore" "contract" {
  config {
    restore_point_id = data.veeam_file_versions.contract.file_versions[0].restore_point_id
    paths            = [data.veeam_file_versions.contract.file_versions[0].path]
  }
}
