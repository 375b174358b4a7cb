"""The sentences of the contract of services: what a variable holds, and what a word of `talks_to` means beside its variables."""

from dataclasses import dataclass, replace

from spotmusic_constructs.data.cache_users import access_string
from spotmusic_constructs.messaging.topology import DEAD_LETTERS, RETRY_AFTER, TASKS, VIRTUAL_HOST
from spotmusic_constructs.services.task_definition import STOP_TIMEOUT
from spotmusic_constructs.streaming.redpanda import MECHANISM

DRAINED = int(STOP_TIMEOUT.to_seconds())


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a word means beside its variables.

    Args:
        authority: what the certificate of the other side is verified with.
        names: names that a service may use there.
        rights: what its user may do, and what is refused.
        limits: numbers that bound it.
        timeouts: how long a call may take, and what a client does then.
    """

    authority: str
    names: str
    rights: str
    limits: str
    timeouts: str

    def rows(self) -> dict[str, str]:
        """Returns the facts by their heading."""
        return {
            "verify TLS with": self.authority,
            "names": self.names,
            "rights there": self.rights,
            "limits": self.limits,
            "timeouts": self.timeouts,
        }


READ_AGAIN = "ARN of the user's secret: read it again when a login is refused, because passwords rotate while tasks run"
AUTHORITY = (
    "only without a domain: name of the parameter with the brokers' authority (PEM). Read it while running, with "
    "pauses until it is there: "
    "External Secrets writes it within 15 minutes of the cluster's start, and again when it changes. It alone is to be trusted. "
    "Never write it by hand: External Secrets leaves a parameter alone that it did not make"
)

FORMS = {
    "SERVICE": "name of the service, which Prometheus adds to its metrics",
    "PORT": "port to listen on",
    "HEALTH_PATH": "path that answers 200 while the process can serve; it looks at nothing that the service talks to",
    "ENVIRONMENT": "name of the environment: `dev`, `staging`, `prod`",
    "ROUTE": "path prefix that leads here, of who has a route. It is not stripped: answer `$ROUTE/...`",
    "LOG_LEVEL": "`debug` or `info`, in lower case",
    "IDENTITY_ISSUER": "issuer (`iss`) of the listeners' tokens. Who asks is in `X-Listener`; no image needs to verify a token",
    "CATALOGUE_HOST": "host name of MySQL 8.4",
    "CATALOGUE_PORT": "its port",
    "CATALOGUE_DBNAME": "name of the shared schema, whatever `dbname` in the secret says",
    "CATALOGUE_USERNAME": "the user",
    "CATALOGUE_PASSWORD": "its password, of letters and digits",
    "CATALOGUE_USER_ARN": READ_AGAIN,
    "CATALOGUE_AUTHORITY": (
        "root certificates (PEM) of Amazon RDS in the home region. A client of MySQL verifies nothing unless it is given them"
    ),
    "CATALOGUE_CONNECTIONS": "connections that one task may hold: size of its pool",
    "DATABASE_HOST": "host name of MySQL 8.4, the server of the catalogue",
    "DATABASE_PORT": "its port",
    "DATABASE_DBNAME": "name of the private schema. Quote it: it may have hyphens",
    "DATABASE_USERNAME": "the user, the same as for the catalogue",
    "DATABASE_PASSWORD": "its password, of letters and digits",
    "DATABASE_USER_ARN": READ_AGAIN,
    "DATABASE_AUTHORITY": "root certificates (PEM) of Amazon RDS in the home region",
    "DATABASE_CONNECTIONS": "connections that one task may hold, those to the catalogue included",
    "CACHE_HOST": "host name of the primary, for reads and writes",
    "CACHE_READER_HOST": "host name of the replicas, for reads that may be a moment old",
    "CACHE_PORT": "port of both",
    "CACHE_PREFIX": "what each key and channel begins with: the name of the service and a colon",
    "CACHE_USERNAME": "the user",
    "CACHE_PASSWORD": "its password, of letters and digits",
    "CACHE_USER_ARN": READ_AGAIN,
    "EVENTS_BOOTSTRAP_SERVERS": "host and port of the brokers, which speak Kafka's protocol",
    "EVENTS_SCHEMA_REGISTRY": "address of the schema registry, for the same user (HTTP Basic)",
    "EVENTS_SASL_MECHANISM": f"`{MECHANISM}`; any other is refused, by some clients without a cause. Security protocol: `SASL_SSL`",
    "EVENTS_PRODUCES": "topics that it may write, with commas",
    "EVENTS_CONSUMES": "topics that it may read, with commas",
    "EVENTS_GROUP": "its consumer group, of who reads topics; others must begin with it and a dot",
    "EVENTS_DEAD_LETTERS": "topic for events that it cannot read, of who reads topics",
    "EVENTS_USERNAME": "the user",
    "EVENTS_PASSWORD": "its password, of letters and digits",
    "EVENTS_USER_ARN": READ_AGAIN,
    "EVENTS_AUTHORITY_PARAMETER": AUTHORITY,
    "TASKS_ENDPOINT": "address of RabbitMQ, `amqps://` with host and port, for AMQP 0-9-1 and 1.0",
    "TASKS_VIRTUAL_HOST": f"`{VIRTUAL_HOST}`",
    "TASKS_EXCHANGE": f"`{TASKS}`, a topic exchange: routing keys are `<queue>` or `<queue>.<kind>`",
    "TASKS_PUBLISHES": "queues that it may publish to, with commas",
    "TASKS_QUEUES": "queues that it takes from, with commas",
    "TASKS_USERNAME": "the user",
    "TASKS_PASSWORD": "its password, of letters and digits",
    "TASKS_USER_ARN": READ_AGAIN,
    "TASKS_AUTHORITY_PARAMETER": AUTHORITY,
    "AUDIO_BUCKET": "name of the bucket of the audio library",
    "AUDIO_SIGNER": "name of the key pair that signs",
    "AUDIO_SIGNING_KEY": "its private key (PEM, RSA 2048)",
    "AUDIO_PARAMETERS": (
        "path of parameters: `domain-name`, the host that serves audio, and `signing-keys`, a JSON object of CloudFront's ids "
        "by name. Who writes the library reads `distribution-id` alone"
    ),
    "AUDIO_PARAMETERS_REGION": "region of these parameters, which is not the home region",
    "UPLOADS_BUCKET": "name of the bucket of uploads",
    "UPLOADS_VERDICTS_QUEUE": (
        "address of an SQS queue of the service's own, with the verdict of the malware scan on each upload, whoever signed it "
        "([an upload becomes a track](../constructs/spotmusic_constructs/services/README.md#an-upload-becomes-a-track))"
    ),
    "UPLOADS_ENDPOINT": (
        "endpoint of S3 that addresses must be signed for: browsers may send to it alone. Sign by Signature Version 4, with the bucket's "
        'name in the host; boto3 needs `Config(signature_version="s3v4", s3={"addressing_style": "virtual"})`'
    ),
    "MAIL_SENDER": "address that mail comes from: `FromEmailAddress`, with or without a name before it",
}
"""Variables by name, of every word."""


EVERYONE = Facts(
    authority="nothing: tasks speak HTTP without TLS, inside security groups ([ADR 11](adr/0011-no-tls-between-tasks.md))",
    names="`AWS_REGION` is set by Fargate, and the SDKs of AWS find the rights of the task by themselves",
    rights=(
        "out: 443 anywhere, and the ports of its words. In: `PORT`, from the load balancer where there is a route, "
        "from Prometheus, and from callers"
    ),
    limits="bodies of 64 KiB; /tmp of 64 MiB, where nothing is executable: JVM libraries that unpack (netty, snappy, "
    "zstd) need their files in the image. "
    "No scheduler: [work that repeats](../examples/service/README.md#work-that-repeats) is published. "
    "No traces are collected; `traceparent` passes",
    timeouts=f"a request ends in 15 seconds, or in 10 from service to service; SIGTERM to SIGKILL {DRAINED} seconds",
)

_MYSQL_AUTHORITY = "`{variable}` alone, and the host name. Without `ssl` in its arguments PyMySQL connects, and verifies nothing"
_MYSQL_LIMITS = "`{variable}` for each task, of which twice as many run during a deployment"
_MYSQL_TIMEOUTS = (
    "connect 2 s, read and write 5 s, no retry within a request. A failover takes one to two minutes: answer 503, "
    "keep `HEALTH_PATH` at 200. Old and new tasks run side by side: a schema changes by adding first, and taking away a deployment later"
)

_CATALOGUE = Facts(
    authority=_MYSQL_AUTHORITY.format(variable="CATALOGUE_AUTHORITY"),
    names="the schema `CATALOGUE_DBNAME`, in `utf8mb4`, which all services share",
    rights="SELECT. Anything else is refused (1142)",
    limits=_MYSQL_LIMITS.format(variable="CATALOGUE_CONNECTIONS"),
    timeouts=_MYSQL_TIMEOUTS,
)

FACTS = {
    "catalogue: read": _CATALOGUE,
    "catalogue: write": replace(
        _CATALOGUE, rights="SELECT, INSERT, UPDATE and DELETE. Tables are not changed by a service while it runs (1142)"
    ),
    "database": Facts(
        authority=_MYSQL_AUTHORITY.format(variable="DATABASE_AUTHORITY"),
        names="the schema `DATABASE_DBNAME`, in `utf8mb4`",
        rights="everything in its own schema, nothing in those of others. No triggers and functions: "
        "the binary log takes SUPER for them (1418, 1419). The service creates its tables itself: "
        "`CREATE TABLE IF NOT EXISTS` below `GET_LOCK` before the first statement that needs them",
        limits=_MYSQL_LIMITS.format(variable="DATABASE_CONNECTIONS"),
        timeouts=_MYSQL_TIMEOUTS,
    ),
    "cache": Facts(
        authority="Amazon's public roots, which an image from scratch has not (`ca-certificates`)",
        names="keys and channels that begin with `CACHE_PREFIX`",
        rights=f"`{access_string('<service>')}`: SCAN, KEYS, SORT, CONFIG and FLUSHDB are refused, and clients in cluster mode",
        limits="keys go when memory is full, and all of them with a change of engine: nothing may live in the cache alone",
        timeouts="200 ms, and no retry: clients that retry by themselves make a request 20 s long when the cache hangs "
        "(redis-py: `Retry(NoBackoff(), 0)`). "
        "Without the cache a service is slower, not down",
    ),
    "events": Facts(
        authority=("Amazon's public roots; without a domain the parameter `EVENTS_AUTHORITY_PARAMETER`. Nobody goes on without verifying"),
        names="the topics below; the group `EVENTS_GROUP`; transactions of the service's name, or that begin with it and a dot",
        rights="write and read the topics that name it, idempotently or not. Creating topics, other groups, and the topics "
        "of others are refused: a producer "
        "can't read what it wrote. Everybody may write the registry",
        limits="values are JSON by the [schemas of topics](../events/README.md), whose subjects are `<topic>-value`; the key is the "
        "field that the schema names. Write an event that can't be read to `EVENTS_DEAD_LETTERS`, with its key and value, and the "
        "headers `topic`, `partition` and `offset`; log these without its content, count it in `event_age_seconds` and go on",
        timeouts="the brokers may come after the task, and go: connect again with pauses, for ever. Events are delivered at "
        "least once. A new group starts at the "
        "beginning of a compacted topic: count the age of what is newer than the start of the task alone",
    ),
    "tasks": Facts(
        authority=("Amazon's public roots; without a domain the parameter `TASKS_AUTHORITY_PARAMETER`. Nobody goes on without verifying"),
        names="the queues below, in `TASKS_VIRTUAL_HOST`, by `TASKS_EXCHANGE`",
        rights="publish and take as the table says; declare nothing. Celery, dramatiq and Spring declare queues at start, "
        "and get 403 ACCESS_REFUSED: "
        "turn it off, or declare passively",
        limits=f"reject for good without requeue, and the task is in `{DEAD_LETTERS}.<queue>`. To try again, publish the "
        "task once more with a counter in its "
        f"headers, then acknowledge. With requeue it comes back after {RETRY_AFTER[0] // 1000} s without end, and is not counted",
        timeouts="publish with confirms **and** `mandatory`: a task without a queue is confirmed too, and only returned. A "
        "full queue refuses (`nack`). An "
        "acknowledgement within 30 minutes (RabbitMQ, consumer timeout)",
    ),
    "audio": Facts(
        authority="Amazon's public roots",
        names="keys that begin with `audio/`: any other leads to the pages of the player, with status 200 or 403",
        rights="read objects, not list: one that is not there gives 403. Sign addresses of CloudFront",
        limits=(
            "RSA-SHA1 with PKCS #1 v1.5, as CloudFront asks ([signing.py](../examples/service/signing.py)). Minutes of "
            "validity, for one listener; the listener's player gets the address, and nobody logs it"
        ),
        timeouts="read the parameters when the task starts and every five minutes, keep the last answer, and refuse with 503 "
        "until there is a first: the edge "
        "comes after the services, in another region, and SSM answers some 40 reads a second",
    ),
    "audio: write": Facts(
        authority="Amazon's public roots",
        names="keys that begin with `audio/`",
        rights="write and delete objects: neither read, list nor tag them, nor sign addresses. Drop cached copies at the edge "
        "(`cloudfront:CreateInvalidation`, for the path `/<key>`). One service has the word",
        limits="`CopyObject` with `TaggingDirective: REPLACE` takes 5 GB; larger objects need `UploadPartCopy`",
        timeouts="a copy of 5 GB may take minutes: copy outside of requests, when the verdict comes",
    ),
    "uploads": Facts(
        authority="Amazon's public roots",
        names="any key",
        rights="read, write and sign addresses for artists; nobody reads an object before its scan. Take verdicts from the queue",
        limits=(
            "a signed POST bounds size and type (`content-length-range`, `Content-Type`), a signed PUT can't. Objects "
            "expire after `data.buckets.upload_days`"
        ),
        timeouts="let an address end within an hour: S3's access log holds it. A verdict that is not deleted comes back after five "
        "minutes, and after five times is a dead letter; it may come twice",
    ),
    "mail": Facts(
        authority="Amazon's public roots",
        names="Amazon SES in the home region (`sesv2`). No token, header or task has the address of a "
        "listener: ask for it, and keep it in a `database` of the service",
        rights="`SendEmail` with `Simple` content, which takes text, HTML, headers and attachments. "
        "`Raw` is another right and refused, as are templates, configuration sets, bulk mail, and any "
        "other sender",
        limits="quota and reputation of the account, which all that send share, Keycloak too. One "
        "listener a mail. What goes to an address that bounced or complained before, SES takes and "
        "does not send",
        timeouts="connect 2 s, read 5 s, outside of requests: take a task, send, acknowledge. "
        "`TooManyRequestsException` is a task for later. SES knows no key of idempotency: a task that "
        "comes twice sends twice, unless the service keeps what it sent",
    ),
    "another service": Facts(
        authority="nothing: HTTP inside security groups",
        names=(
            "the name of the service; it is there when the caller starts, because callers are deployed after whom they "
            "call. Settings refuse circles"
        ),
        rights="the caller hands on `X-Listener`, `X-Listener-Roles` and `X-Request-ID`; nothing else tells who calls",
        limits="HTTP/1.1 and 2 requests; streams (SSE, WebSocket) are cut at the end of a request's time",
        timeouts=("10 s a request, then 504 from the proxy of Service Connect. Callers go on sending after SIGTERM: answer until the end"),
    ),
}
"""Facts by word."""
