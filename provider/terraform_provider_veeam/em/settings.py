"""The client's settings. How a user writes them down is not known here."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where Enterprise Manager is, who logs on, and how far its certificate is trusted."""

    base_url: str  # `https://HOST:PORT/api`, without a slash at the end
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    """Token of an existing logon session, used as it is and never logged out."""
    api_version: str = "latest"
    ca_certificate: str | None = None  # PEM text
    certificate_fingerprint: str | None = None  # SHA-256, 64 lower-case hexadecimal digits
    pin_name: str = "certificate_fingerprint (VEEAM_EM_CERTIFICATE_FINGERPRINT)"
    """What a person calls that fingerprint, where it is written."""
    insecure: bool = False
    request_timeout: float = 30.0  # seconds for one HTTP request
    max_retries: int = 5
    user_agent: str = "terraform-provider-veeam"
    unread_variables: str = ""  # for a person: variables that look like settings, and are none
