terraform {
  required_providers {
    veeam = {
      source  = "veeam-em/veeam"
      version = "~> 0.1"
    }
  }
}

# Where Enterprise Manager is and who logs on comes from the environment: VEEAM_EM_URL,
# VEEAM_EM_USERNAME, VEEAM_EM_PASSWORD, VEEAM_EM_CERTIFICATE_FINGERPRINT.
provider "veeam" {}

variable "restore_point_id" {
  description = "The restore point to mount, by its UUID."
  type        = string
}

resource "veeam_mount_point" "quickstart" {
  restore_point_id = var.restore_point_id
}

output "mounted" {
  value = "${veeam_mount_point.quickstart.restore_point_name} at ${veeam_mount_point.quickstart.href}"
}

output "volumes" {
  value = veeam_mount_point.quickstart.file_system_roots
}
