"""Connections to buckets: the audio library, to read or to write, and uploads of artists."""

from collections.abc import Iterator
from typing import ClassVar

import aws_cdk as cdk

from spotmusic_cdk.connections.connection import Client, Connection, Facts, Targets
from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.services.access import (
    Access,
    bucket_access,
    invalidation_access,
    parameter_access,
    queue_access,
    secret_access,
    writing_access,
)

AUDIO = "audio"
"""First part of the keys of tracks. CloudFront routes `/audio/*` to their bucket."""

_LIBRARY = {
    "AUDIO_BUCKET": "name of the bucket of the audio library",
    "AUDIO_PARAMETERS": (
        "path of parameters: `domain-name`, the host that serves audio, and `signing-keys`, a JSON "
        "object of CloudFront's ids by name. With `audio: "
        "write`, only `distribution-id` is readable"
    ),
    "AUDIO_PARAMETERS_REGION": "region of these parameters, which is not the home region",
}


class AudioRead(Connection):
    """Reading tracks, and signing their addresses."""

    word = "audio"
    variables: ClassVar = _LIBRARY | {
        "AUDIO_SIGNER": "name of the key pair that signs",
        "AUDIO_SIGNING_KEY": "its private key (PEM, RSA 2048)",
    }
    facts = Facts(
        authority="Amazon's public roots",
        names=(
            "keys that begin with `audio/`; other keys return pages of the player, with status 200 "
            "or 403"
        ),
        rights=(
            "read objects, but not list them: a missing object returns 403. Sign URLs of CloudFront"
        ),
        limits=(
            "RSA-SHA1 with PKCS #1 v1.5, as CloudFront requires "
            "([signing.py](../examples/service/signing.py)). "
            "A URL is valid for minutes and for one listener. "
            "Return it only to the listener's player, and do not log it"
        ),
        timeouts=(
            "read the parameters when the task starts and every five minutes, keep the last "
            "values, and answer 503 until the first values exist: "
            "the edge is deployed after the services, in another region. "
            "SSM allows about 40 reads a second"
        ),
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        path, arn = targets.edge(client.settings)
        yield bucket_access("AUDIO", targets.audio)
        yield secret_access("AUDIO_SIGNING_KEY", targets.signing_key, field="private_key")
        yield parameter_access(
            {
                "AUDIO_SIGNER": client.settings.edge.signing_keys[0],
                "AUDIO_PARAMETERS": path,
                "AUDIO_PARAMETERS_REGION": EDGE_REGION,
            },
            [f"{arn}/{parameter}" for parameter in ("domain-name", "signing-keys")],
        )


class AudioWrite(Connection):
    """Writing and deleting tracks, with the copies at the edge."""

    word = "audio: write"
    variables: ClassVar = _LIBRARY
    facts = Facts(
        authority="Amazon's public roots",
        names="keys that begin with `audio/`",
        rights=(
            "write and delete objects, but not read, list or tag them or sign URLs. "
            "Remove cached copies at the edge (`cloudfront:CreateInvalidation`, for the path "
            "`/<key>`). One service has the word"
        ),
        limits=(
            "`CopyObject` with `TaggingDirective: REPLACE` takes 5 GB; "
            "larger objects need `UploadPartCopy`"
        ),
        timeouts="a copy of 5 GB may take minutes: copy outside of requests, after the verdict",
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        yield writing_access("AUDIO", targets.audio, below=AUDIO)
        distributions = f"arn:{cdk.Aws.PARTITION}:cloudfront::{cdk.Aws.ACCOUNT_ID}:distribution/*"
        yield invalidation_access(distributions, tags=client.settings.identifying_tags)
        path, arn = targets.edge(client.settings)
        yield parameter_access(
            {"AUDIO_PARAMETERS": path, "AUDIO_PARAMETERS_REGION": EDGE_REGION},
            [f"{arn}/distribution-id"],
        )


class Uploads(Connection):
    """Uploads of artists, and the verdicts of the malware scan."""

    word = "uploads"
    variables: ClassVar = {
        "UPLOADS_BUCKET": "name of the bucket of uploads",
        "UPLOADS_VERDICTS_QUEUE": (
            "address of the service's own SQS queue, with the malware scan's verdict on each "
            "upload of any signer ([an upload becomes a track]"
            "(../constructs/spotmusic_constructs/services/README.md#an-upload-becomes-a-track))"
        ),
        "UPLOADS_ENDPOINT": (
            "endpoint of S3 for which URLs must be signed: browsers may send only to it. "
            "Use Signature Version 4, with the bucket's "
            'name in the host; boto3 needs `Config(signature_version="s3v4", '
            's3={"addressing_style": "virtual"})`'
        ),
    }
    facts = Facts(
        authority="Amazon's public roots",
        names="any key",
        rights=(
            "read, write and sign URLs for artists; "
            "reads of an object are denied before its scan. Take verdicts from the queue"
        ),
        limits=(
            "a signed POST bounds size and type (`content-length-range`, `Content-Type`), a signed "
            "PUT can't. Objects expire after `data.buckets.upload_days`"
        ),
        timeouts=(
            "let a URL expire within an hour: S3's access log contains it. "
            "A verdict that is not deleted is delivered again after five minutes, and after five "
            "deliveries becomes a dead letter. Expect duplicates"
        ),
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        yield bucket_access("UPLOADS", targets.uploads, writes=True)
        # The content security policy allows uploads only to this host. SDKs sign for another host
        # by default.
        endpoint = f"https://s3.{client.settings.region}.{cdk.Aws.URL_SUFFIX}"
        yield Access(environment={"UPLOADS_ENDPOINT": endpoint})
        queue = targets.verdicts[client.name].queue
        yield queue_access("UPLOADS_VERDICTS_QUEUE", url=queue.ref, arn=queue.attr_arn)
