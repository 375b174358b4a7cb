"""How the account's registry is searched for vulnerabilities."""

from aws_cdk import aws_ecr as ecr
from constructs import Construct


class RegistryScanning(Construct):
    """The scanning configuration of the registry, of which an account has one per region.

    Creates the configuration, for every repository. With `continuous`, Amazon Inspector scans operating system and language
    packages at the push, and again whenever a vulnerability becomes known: most of them do after the image was pushed. It is priced
    by image, and turns Inspector's ECR scanning on in the account. Without, ECR scans operating system packages at the push, free
    of charge.

    Args:
        continuous: whether Amazon Inspector goes on scanning.

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
                    repository_filters=[ecr.CfnRegistryScanningConfiguration.RepositoryFilterProperty(filter="*", filter_type="WILDCARD")],
                )
            ],
        )
