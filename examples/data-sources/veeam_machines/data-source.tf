# Which machines have no backup of the last day?
data "veeam_machines" "all" {}

output "stale" {
  value = [
    for machine in data.veeam_machines.all.machines :
    "${machine.name} (${machine.restore_point_type}): ${machine.newest}"
    if timecmp(machine.newest, timeadd(plantimestamp(), "-24h")) < 0
  ]
}
