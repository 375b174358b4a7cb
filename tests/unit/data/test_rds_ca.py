import pytest

from spotmusic_constructs.data.rds_ca import rds_ca


def test_rds_authority_has_three_roots() -> None:
    assert rds_ca("sa-east-1").count("-----BEGIN CERTIFICATE-----") == 3


def test_rds_authority_rejects_unknown_region() -> None:
    with pytest.raises(ValueError, match=r"Save https://truststore\.pki\.rds\.amazonaws\.com/xx-moon-1/xx-moon-1-bundle\.pem"):
        rds_ca("xx-moon-1")
