# The vCenter Servers that backup servers know.
data "veeam_hierarchy_roots" "vcenter" {
  type = "VC"
}

output "vcenter_servers" {
  value = data.veeam_hierarchy_roots.vcenter.hierarchy_roots[*].name
}
