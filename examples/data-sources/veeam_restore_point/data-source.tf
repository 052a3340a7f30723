# The newest restore point of a VM before a date, and its mount.
data "veeam_restore_point" "oracle" {
  machine_name   = "oracle03"
  created_before = "2026-11-14T00:00:00Z"
  latest         = true
}

resource "veeam_mount_point" "oracle" {
  restore_point_id = data.veeam_restore_point.oracle.id
}
