# vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1
output "id" {
  value = provider::veeam::mount_point_id("vm", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", 1)
}
