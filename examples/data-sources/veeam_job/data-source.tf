data "veeam_job" "daily" {
  name = "Daily"
}

output "next_run" {
  value = data.veeam_job.daily.next_run
}
