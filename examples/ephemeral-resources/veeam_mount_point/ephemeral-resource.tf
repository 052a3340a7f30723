# Mounted while a command of Terraform runs, during plan too, and unmounted at its end.
ephemeral "veeam_mount_point" "oracle" {
  restore_point_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
}

# A script of the same apply can read the files. Terraform does not show what it prints.
resource "terraform_data" "volumes" {
  triggers_replace = plantimestamp() # in every apply

  provisioner "local-exec" {
    command = "echo \"Mounted at $HREF: $VOLUMES\" > volumes.txt"
    environment = {
      HREF    = ephemeral.veeam_mount_point.oracle.href
      VOLUMES = join(" ", ephemeral.veeam_mount_point.oracle.file_system_roots)
    }
  }
}
