from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from spotmusic_constructs.registry.registry_scanning import RegistryScanning


@pytest.mark.parametrize(("continuous", "kind", "frequency"), [(True, "ENHANCED", "CONTINUOUS_SCAN"), (False, "BASIC", "SCAN_ON_PUSH")])
def test_registry_scanning_covers_every_repository(stack: cdk.Stack, continuous: bool, kind: str, frequency: str) -> None:
    RegistryScanning(stack, "Scanning", continuous=continuous)
    resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    (configuration,) = resources.values()
    assert configuration["Properties"] == {
        "ScanType": kind,
        "Rules": [{"ScanFrequency": frequency, "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}]}],
    }
