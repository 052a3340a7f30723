data "veeam_repositories" "all" {}

output "free_gib" {
  value = {
    for repository in data.veeam_repositories.all.repositories :
    repository.name => floor(repository.free_space / pow(1024, 3))
    if repository.free_space != null
  }
}
