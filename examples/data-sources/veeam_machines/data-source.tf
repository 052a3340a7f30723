# Which machines have no backup of the last day?
data "veeam_machines" "all" {}

output "stale" {
  value = [
    for machine in data.veeam_machines.all.machines :
    "${machine.machine_name} (${machine.restore_point_type}): ${machine.newest_at}"
    if timecmp(machine.newest_at, timeadd(plantimestamp(), "-24h")) < 0
  ]
}
