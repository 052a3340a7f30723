ephemeral "veeam_logon_session" "this" {}

# A script of the same run can call the REST API with it; em.pem is the server's certificate.
# Terraform does not show what the script prints.
resource "terraform_data" "tasks" {
  triggers_replace = plantimestamp() # in every apply

  provisioner "local-exec" {
    command = "curl --silent --cacert em.pem --header \"Accept: application/json\" --header \"X-RestSvcSessionId: $TOKEN\" \"$API/tasks\" > tasks.json"
    environment = {
      TOKEN = ephemeral.veeam_logon_session.this.session_token
      API   = ephemeral.veeam_logon_session.this.api_url
    }
  }
}
