import {
  to = veeam_job_object.app
  id = "5f0e2d7c-0f0b-4b5c-93a9-7d1f9a648b36/0b6f1d7a-6d2b-4f0e-8a39-4f0c1a522c11"
}

resource "veeam_job_object" "app" {
  job_id = "5f0e2d7c-0f0b-4b5c-93a9-7d1f9a648b36"
  ref    = "urn:VMware:Vm:4f0c1a52-6d2b-4f0e-8a39-0b6f1d7a2c11.vm-31"
}
