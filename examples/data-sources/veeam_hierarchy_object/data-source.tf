# The reference of a VM, as jobs and backups know it.
data "veeam_hierarchy_object" "web" {
  name = "web02"
}

# Where several hosts have one of that name, the host decides.
data "veeam_hierarchy_object" "production" {
  name           = "Production"
  type           = "Folder"
  hierarchy_root = "vc01.tech.local"
}

output "refs" {
  value = [data.veeam_hierarchy_object.web.ref, data.veeam_hierarchy_object.production.ref]
}
