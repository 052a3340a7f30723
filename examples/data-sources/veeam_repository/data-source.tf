# Has the repository of the backup job enough space left?
data "veeam_repository" "main" {
  name = "Backup Volume 01"
}

check "repository_has_space" {
  assert {
    condition     = data.veeam_repository.main.free_space > 100 * pow(1024, 3)
    error_message = "${data.veeam_repository.main.name} has less than 100 GiB left."
  }
}
