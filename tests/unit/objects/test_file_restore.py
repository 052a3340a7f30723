"""The restore of a file: what its configuration comes to."""

from terraform_provider_veeam.objects.actions.file_restore import _how


def test_a_guest_password_from_a_file_is_without_its_last_line_break() -> None:
    guest = {"username": "\ufeffguest\r\n", "password": "  a b \n"}
    how = _how({"guest_credentials": guest, "overwrite": False, "permissions_only": False})
    assert (how.username, how.password) == ("guest", "  a b ")
