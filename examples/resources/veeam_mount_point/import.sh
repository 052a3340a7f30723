# [TYPE/]RESTORE_POINT_UUID/MOUNT_ID
terraform import veeam_mount_point.oracle vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1
