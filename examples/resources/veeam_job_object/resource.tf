data "veeam_job" "daily" {
  name = "Daily"
}

data "veeam_hierarchy_object" "app" {
  name = "app01"
}

resource "veeam_job_object" "app" {
  job_id = data.veeam_job.daily.id
  ref    = data.veeam_hierarchy_object.app.ref
}
