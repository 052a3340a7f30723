# What the session of a managed mount point has mounted of the same restore point.
resource "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}

data "veeam_mount_points" "oracle" {
  restore_point_id    = veeam_mount_point.oracle.restore_point_id
  session_fingerprint = veeam_mount_point.oracle.session_fingerprint
}

output "mount_ids" {
  value = data.veeam_mount_points.oracle.mount_points[*].mount_id
}
