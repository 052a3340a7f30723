"""The list of faults keeps up with the provider: few run all of them."""

from pathlib import Path

import pytest

import terraform_provider_veeam
from mutations.faults import FAULTS, Fault

PROVIDER = Path(terraform_provider_veeam.__file__).parents[1]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_has_its_place_in_the_provider(fault: Fault) -> None:
    assert fault.before in (PROVIDER / fault.path).read_text(encoding="utf-8")
