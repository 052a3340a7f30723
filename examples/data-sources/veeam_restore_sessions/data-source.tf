# File-level restores that have held disks for more than a day: who forgot a mount?
data "veeam_restore_sessions" "forgotten" {
  created_before = timeadd(plantimestamp(), "-24h")
}

output "forgotten" {
  value = [for restore in data.veeam_restore_sessions.forgotten.restore_sessions : restore.name]
}
