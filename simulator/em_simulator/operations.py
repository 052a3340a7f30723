"""What the backup server does for a task, and how that can fail."""


class OperationFailed(Exception):
    """A task's work can't be done; the text is its message."""

    def __init__(self, message: str, *, credentials_needed: bool = False) -> None:
        super().__init__(message)
        self.credentials_needed = credentials_needed
