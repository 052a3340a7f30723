import {
  to = veeam_mount_point.oracle
  id = "vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1"
}

resource "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}
