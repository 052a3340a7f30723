# Was this VM backed up in the last day? When not, the plan has a warning.
check "oracle03_is_backed_up" {
  data "veeam_backup_sessions" "oracle03" {
    machine_name  = "oracle03"
    created_after = timeadd(plantimestamp(), "-24h")
  }

  assert {
    condition = contains(["Success", "Warning"], try(
      [for session in data.veeam_backup_sessions.oracle03.backup_sessions : session.result if session.result != null][0],
      "none",
    ))
    error_message = "oracle03 has no good backup of the last day."
  }
}
