# In a file like mounts.tfquery.hcl, with VEEAM_EM_SESSION_TOKEN set and no user name:
#
#   terraform query -generate-config-out=mounts.tf
list "veeam_mount_point" "all" {
  provider         = veeam
  include_resource = true
  limit            = 1000

  # Those of one restore point only:
  # config {
  #   restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
  # }
}
