# Which backup jobs run by no schedule?
data "veeam_jobs" "backup" {
  type = "Backup"
}

output "without_schedule" {
  value = [for job in data.veeam_jobs.backup.jobs : job.name if !job.schedule_enabled]
}
