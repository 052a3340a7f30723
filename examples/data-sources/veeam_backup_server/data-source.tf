data "veeam_backup_server" "main" {
  name = "backup01.tech.local"
}

output "version" {
  value = data.veeam_backup_server.main.version
}
