# 3f2504e0-4f89-41d3-9a0c-0305e82c3301
output "restore_point_id" {
  value = provider::veeam::parse_mount_point_id("vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1").restore_point_id
}
