# [TYPE/]RESTORE_POINT_UUID/MOUNT_ID, with VEEAM_EM_SESSION_TOKEN set to the token of the logon
# session that made the mount point: no other session can reach it.
terraform import veeam_mount_point.oracle vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1
