data "veeam_backup_servers" "all" {}

output "versions" {
  value = { for server in data.veeam_backup_servers.all.backup_servers : server.name => server.version }
}
