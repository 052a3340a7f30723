resource "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}

# The documents in a folder and two levels below it.
data "veeam_mount_point_files" "documents" {
  mount_point_id      = veeam_mount_point.oracle.id
  session_fingerprint = veeam_mount_point.oracle.session_fingerprint
  path                = "E:/Documentation 2014"
  depth               = 3
  name                = "*.docx"
}

output "newest" {
  value = reverse(sort(data.veeam_mount_point_files.documents.files[*].modified_at))[0]
}
