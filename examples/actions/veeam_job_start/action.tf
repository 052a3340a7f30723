# Runs a backup job: terraform apply "-invoke=action.veeam_job_start.daily"
data "veeam_job" "daily" {
  name = "Daily"
}

action "veeam_job_start" "daily" {
  config {
    job_id     = data.veeam_job.daily.id
    if_running = "fail"
    timeouts   = { invoke = "4h" }
  }
}
