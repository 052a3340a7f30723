resource "veeam_mount_point" "oracle" {
  restore_point_id = "urn:veeam:VmRestorePoint:3f2504e0-4f89-41d3-9a0c-0305e82c3301"
  os_kind          = "Windows"

  # Hold the logon session, and so the mount, for this long after the apply.
  keep_alive = "4h"

  timeouts = {
    create = "15m"
  }
}

# Where the files begin: one entry for each volume in the backup.
output "volumes" {
  value = veeam_mount_point.oracle.file_system_roots
}
