# The vCenter Servers that backup servers know.
data "veeam_hierarchy_roots" "all" {}

output "vcenter_servers" {
  value = [for root in data.veeam_hierarchy_roots.all.hierarchy_roots : root.name if root.type == "VC"]
}
