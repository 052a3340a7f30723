# In a file like jobs.tfquery.hcl:
#
#   terraform query -generate-config-out=jobs.tf
list "veeam_job_object" "all" {
  provider         = veeam
  include_resource = true
  limit            = 1000

  # Those of one job only:
  # config {
  #   job_id = "5f0e2d7c-0f0b-4b5c-93a9-7d1f9a648b36"
  # }
}
