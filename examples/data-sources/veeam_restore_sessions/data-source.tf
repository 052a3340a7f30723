# File-level restores that still hold disks: who forgot a mount?
data "veeam_restore_sessions" "working" {}

output "working" {
  value = [for restore in data.veeam_restore_sessions.working.restore_sessions : restore.name]
}
