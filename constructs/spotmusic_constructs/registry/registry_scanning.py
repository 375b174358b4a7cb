"""Vulnerability scans of the account's registry."""

from aws_cdk import aws_ecr as ecr
from constructs import Construct


class RegistryScanning(Construct):
    """Scanning configuration of the registry; an account has one per region.

    Creates the configuration, for every repository. With `continuous`, Amazon Inspector scans
    operating system and language packages at the push, and again when a vulnerability is published,
    usually after the push. It is charged by image, and turns on Inspector's ECR scanning in the
    account. Otherwise ECR scans operating system packages at the push, free of charge.

    Args:
        continuous: whether Amazon Inspector scans continuously.

    Example:
        RegistryScanning(self, "Scanning", continuous=True)
    """

    def __init__(self, scope: Construct, construct_id: str, *, continuous: bool) -> None:
        super().__init__(scope, construct_id)
        ecr.CfnRegistryScanningConfiguration(
            self,
            "Configuration",
            scan_type="ENHANCED" if continuous else "BASIC",
            rules=[
                ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty(
                    scan_frequency="CONTINUOUS_SCAN" if continuous else "SCAN_ON_PUSH",
                    repository_filters=[
                        ecr.CfnRegistryScanningConfiguration.RepositoryFilterProperty(
                            filter="*", filter_type="WILDCARD"
                        )
                    ],
                )
            ],
        )
