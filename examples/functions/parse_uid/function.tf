locals {
  uid = "urn:veeam:VmRestorePoint:3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}

# vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301
output "restore_point" {
  value = join("/", [
    provider::veeam::parse_uid(local.uid).restore_point_type,
    provider::veeam::parse_uid(local.uid).uuid,
  ])
}
