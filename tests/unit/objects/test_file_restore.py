"""The restore of a file: what its configuration comes to."""

from tf.utils import Diagnostics

from terraform_provider_veeam.objects.actions.file_restore import FileRestoreAction, _how
from tfplugin.wire.meaning import understand


def test_a_guest_password_from_a_file_is_without_its_last_line_break() -> None:
    guest = {"username": "\ufeffguest\r\n", "password": "  a b \n"}
    attributes = FileRestoreAction.schema.attributes
    how = _how(understand(attributes, {"guest_credentials": guest}, Diagnostics()))
    assert (how.username, how.password) == ("guest", "  a b ")
