"""What people see of a logon session, worked out anew: SHA-256 over its token."""

import base64
import hashlib


def fingerprint(session_id: str) -> str:
    """Return the fingerprint of a session of the simulator, whose token is its id in base64."""
    token = base64.b64encode(session_id.encode())
    return hashlib.sha256(token).hexdigest()[:16]
