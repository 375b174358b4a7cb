"""Search for secrets among other long literals."""

from hashlib import sha256

import pytest

from tests.properties.literals import called_secret, suspicious

# Concatenated here, so that the search does not find this file.
SECRETS = {
    "access key": "AKIA" + "QWERTZUIOP123456",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA" * 3,
    "GitHub": "ghp" + "_" + "a1B2" * 9,
    "address": "mysql://" + "root:hunter2" + "@database:3306/catalogue",
    "password": "kJ8sTq2mZx7" + "Lw4Rv9Yb3",
    "base64": "c2VjcmV0LTE" + "yMzQ1Njc4OTAx",
}
HARMLESS = {
    "a logical id": "CatalogueUsersFunctionPolicy3C965591",
    "a camel-case name": "AWSLambdaVPCAccessExecutionRole",
    "a reference": "${secrets/DatabaseKey7576F140.Arn}",
    "an asset": "s3://assets/2ea178c7b94fd0502f5cfae7983e22691cfa285a2ec574014bc94a072050fef8.zip",
    "a zone": "Z0123456789EXAMPLE",
    "a certificate": "-----BEGIN CERTIFICATE-----\n"
    + "MIIF/zCCA+egAwIBAgIRAJGY9kZITwfSRaAS\n"
    + "-----END CERTIFICATE-----",
    "a commit of an action": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
    "a hash of an archive": f"SHA256 := {sha256(b'archive').hexdigest()}",
    "the example of AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "a word that ends like a key": "TAKIA" + "QWERTZUIOP123456",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_search_finds_and_truncates_secrets(secret: str) -> None:
    found = list(suspicious(f"value: {secret}, and more"))
    assert found
    assert all(secret not in line for line in found)


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_long_names_are_no_secrets(text: str) -> None:
    assert suspicious(text) == ()


def test_password_values_are_names_or_references() -> None:
    values = {
        "password": "S3cret!",
        "env": [{"redis_password": "correct horse"}],
        "tlsSecret": "rabbitmq-tls",
        "admin": {
            "passwordKey": "Correct Horse",
            "token": "${secrets/Admin}",
            "secret": "{{ .password }}",
        },
        "client": {
            "secret": "$(env:GRAFANA_CLIENT_SECRET)",
            "client_secret": "grafana_client_secret",
        },
    }
    assert list(called_secret(values)) == ["password", "env.0.redis_password"]
