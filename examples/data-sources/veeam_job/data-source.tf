data "veeam_job" "daily" {
  name = "Daily"
}

output "next_run_at" {
  value = data.veeam_job.daily.next_run_at
}
