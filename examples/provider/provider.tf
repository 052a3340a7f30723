terraform {
  required_providers {
    veeam = {
      source  = "veeam-em/veeam"
      version = "~> 0.1"
    }
  }
}

# User name and password come from VEEAM_EM_USERNAME and VEEAM_EM_PASSWORD.
provider "veeam" {
  url = "https://em.example.com:9398"

  # The self-signed certificate that Enterprise Manager installs, pinned. To read it:
  # openssl s_client -connect em.example.com:9398 </dev/null | openssl x509 -noout -fingerprint -sha256
  certificate_fingerprint = "9f:86:d0:81:88:4c:7d:65:9a:2f:ea:a0:c5:5a:d0:15:a3:bf:4f:1b:2b:0b:82:2c:d1:5d:6c:15:b0:f0:0a:08"
}
