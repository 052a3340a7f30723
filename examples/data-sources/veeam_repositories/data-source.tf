# Every scale-out repository, and the space that it has left.
data "veeam_repositories" "scale_out" {
  type = "Extendable"
}

output "free_gib" {
  value = {
    for repository in data.veeam_repositories.scale_out.repositories :
    repository.name => floor(repository.free_space / pow(1024, 3))
    if repository.free_space != null
  }
}
