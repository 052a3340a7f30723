# All restore points of the machines whose name begins with "oracle", the newest first.
data "veeam_restore_points" "oracle" {
  machine_name  = "oracle*"
  created_after = "2026-11-01T00:00:00Z"
  limit         = 10
}

output "oracle" {
  value = [for point in data.veeam_restore_points.oracle.restore_points : point.name]
}
