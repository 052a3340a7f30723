# Unmounts what a script has forgotten, in the session that the script has used, whose token is in
# TF_VAR_session_token:
# terraform apply "-invoke=action.veeam_unmount.forgotten"
variable "session_token" {
  type      = string
  ephemeral = true
}

action "veeam_unmount" "forgotten" {
  config {
    mount_point_id = "vm/3f2504e0-4f89-41d3-9a0c-0305e82c3301/1"
    session_token  = var.session_token
  }
}
