"""Services section of an environment file: one entry is one Fargate service."""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from spotmusic_cdk.settings.model import Model, SecretArn, Unordered, UnorderedKeys
from spotmusic_cdk.settings.words import RESOURCES, Cost, Word

FARGATE_MEMORY_MIB: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
"""Memory in MiB by number of cpu units. Source: Amazon ECS developer guide, task sizes, 2026-11."""

REQUESTS_PER_TARGET = 1000
"""Requests per minute and task of a service with a route and no number: some 17 a second, until its
image has been measured."""


IMAGE = (
    r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.[a-z]{2,63}(:[0-9]{2,5})?"
    r"(/[a-z0-9]+([._-]+[a-z0-9]+)*)+@sha256:[0-9a-f]{64}$"
)
"""Image by registry, repository and digest, because tags of other registries may change."""


VariableName = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$", max_length=64)
]
MOST_BYTES = 1024


def _fits(text: str) -> str:
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ValueError(f"{size} bytes exceed the limit of {MOST_BYTES}. Shorten it.")
    return text


def _literal(text: str) -> str:
    if "{{resolve:" in text:
        raise ValueError(
            "CloudFormation replaces {{resolve: by a value that task definitions show. Use secrets."
        )
    return text


Literally = AfterValidator(_literal)
"""Text without dynamic references (AWS CloudFormation user guide, dynamic references, 2026-11)."""
SettingText = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=MOST_BYTES),
    AfterValidator(_fits),
    Literally,
]
"""Value of a variable. Twenty of the longest, ten secrets and a hundred topics and queues result in
a task definition of 62 kB; ECS accepts 64 KiB (Amazon ECS quotas, 2026-11)."""
TAKEN = (
    "ENVIRONMENT",
    "HEALTH_PATH",
    "HOME",
    "HOSTNAME",
    "IDENTITY_ISSUER",
    "LOG_LEVEL",
    "PATH",
    "PORT",
    "ROUTE",
    "SERVICE",
)
TAKEN_PREFIXES = ("AWS_", "ECS_", *(f"{word.upper()}_" for word in RESOURCES))
"""Variables reserved by the platform, by ECS and by the SDKs of AWS."""


class ScalingSettings(Model):
    """Number of tasks, and the metrics that change it."""

    min: Annotated[int, Field(ge=1, le=100)] = 1
    """Tasks that always run; production needs one per zone."""
    max: Annotated[int, Field(ge=1, le=1000)] = 4
    """Maximum of tasks."""
    cpu_percent: Annotated[int, Field(ge=10, le=90)] = 60
    """Target of the average cpu utilization."""
    requests_per_target: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Target of requests per minute and task. It requires a route. Default with a route: 1000."""
    messages_per_task: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Target of ready messages per task in the queue of the service. It requires `tasks` in
    `talks_to`."""

    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}. Raise max or lower min.")
        return self


class LoadSettings(Model):
    """Load of a service by listeners, and the capacity of one task."""

    per_listener_hour: Annotated[float, Field(ge=0, le=100_000)]
    """Requests, or messages of a worker, that a concurrent listener causes in an hour."""
    per_task: Annotated[float, Field(gt=0, le=100_000)]
    """Requests or messages per second that one task handles at full cpu, measured by a load
    test."""


class ServiceSettings(Model):
    """Application service on ECS Fargate."""

    image_tag: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")] | None
    ) = None
    """Tag in the repository of the service. Without it, a pinned public image answers the health
    checks."""
    image: Annotated[str, StringConstraints(pattern=IMAGE, max_length=400)] | None = None
    """Image of another registry in place of `image_tag`, by digest:
    `444455556666.dkr.ecr.sa-east-1.amazonaws.com/team/playback@sha256:…`. The registry is Amazon
    ECR in the home region, of this account or of an account with a repository policy that allows
    this one, or needs no credentials. The image must be built for arm64 and contain the command
    `healthcheck`."""
    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = 256
    """Fargate cpu units (1024 are one vCPU)."""
    memory: Annotated[int, Field(ge=512, le=122880)] = 512
    """Memory in MiB."""
    port: Annotated[int, Field(ge=1024, le=65535)] | None = 8080
    """Port that the container listens on, above 1023 because it does not run as root. Workers also
    answer health checks and export metrics on it; only Prometheus and the callers of the service
    have access. With null no metrics are collected, such as the age of consumed events."""
    route: (
        Annotated[str, StringConstraints(pattern=r"^/v[0-9]+(/[a-z0-9-]+)+$", max_length=100)]
        | None
    ) = None
    """Path prefix of the service in the Web API, such as /v1/playback. Default: the service is not
    public."""
    public: bool = False
    """Route without a token."""
    health_path: Annotated[
        str, StringConstraints(pattern=r"^/[A-Za-z0-9/_-]*$", max_length=200)
    ] = "/healthz"
    """Path that returns 200 when a task can serve requests."""
    talks_to: Annotated[tuple[Word, ...], Unordered] = ()
    """Connections: `catalogue: read` or `catalogue: write` (shared by all services), database
    (private, on the same server), cache, events (Redpanda), tasks (RabbitMQ), audio (to read and
    sign), `audio: write` (for one service), uploads, mail (Amazon SES), or another service."""
    settings: Annotated[dict[VariableName, SettingText], Field(max_length=20), UnorderedKeys] = (
        Field(default_factory=dict)
    )
    """Environment variables of the service, such as `SEARCH_MODE: fuzzy`: at most 20, of 1 to 1024
    bytes. A number needs quotes. Use no secrets: everyone who may describe a task definition can
    read them. A change is a deployment, which rolls back automatically."""
    secrets: Annotated[dict[VariableName, SecretArn], Field(max_length=10), UnorderedKeys] = Field(
        default_factory=dict
    )
    """Secrets of the service by environment variable, such as `FCM_KEY: arn:aws:secretsmanager:…`:
    at most 10. Create each in Secrets Manager (docs/runbooks/secret-from-outside.md). The variable
    has the whole value of the secret at the start of the task."""
    migrations: tuple[
        Annotated[str, StringConstraints(min_length=1, max_length=200), Literally], ...
    ] = ()
    """Command of the image that changes the tables of the shared catalogue, such as `[migrate]`.
    Only the service that owns the tables sets it, with `catalogue: write`. A separate task runs it,
    as a user who may change tables (docs/runbooks/migrate-the-catalogue.md)."""
    retired_talks_to: Annotated[tuple[Word, ...], Unordered] = ()
    """Words removed from `talks_to`: new tasks do not use them, and running tasks keep their
    connections, users and secrets. This is the first of two deployments that remove a word
    (docs/changes.md)."""
    deployment: Literal["rolling", "blue_green"] = "rolling"
    """Replacement of a version by a new one. Both ways roll back automatically. Before a change
    from `blue_green` to `rolling`, compare the weights of the route (docs/changes.md, Routes of
    blue/green services)."""
    scaling: ScalingSettings = ScalingSettings()
    database_connections: Annotated[int, Field(ge=1, le=100)] = 5
    """Maximum connections of one task to the server of the catalogue. During a deployment twice as
    many tasks run."""
    retired: bool = False
    """Stops the service and keeps its rights and connections: the first of two deployments that
    remove it (docs/changes.md)."""
    load: LoadSettings | None = None
    """Load by listeners (`capacity.listeners`), for the plan and the game day. Default: unknown."""

    @property
    def kept_words(self) -> tuple[Word, ...]:
        """Words of `talks_to` and `retired_talks_to`, which running tasks may use until the second
        deployment.
        """
        return (*self.talks_to, *self.retired_talks_to)

    @property
    def costs(self) -> list[Cost]:
        """Cost of each word of `talks_to`. A word for another service costs its own rules."""
        return [RESOURCES.get(word, Cost(rules=str(word))) for word in self.talks_to]

    @property
    def connections(self) -> tuple[str, ...]:
        """Names of the security group rules of `talks_to`, without duplicates."""
        return tuple(dict.fromkeys(cost.rules for cost in self.costs if cost.rules))

    @property
    def has_image(self) -> bool:
        """True if the service runs its own image instead of the pinned public image."""
        return bool(self.image_tag or self.image)

    def writes(self, word: str) -> bool:
        """Return True if `talks_to` has a word with the mode `write`."""
        return any(found == word and found.mode == "write" for found in self.talks_to)

    def reads(self, word: str) -> bool:
        """Return True if `talks_to` has a word with the mode `read`."""
        return any(found == word and found.mode == "read" for found in self.talks_to)

    @property
    def only_reads(self) -> bool:
        """True if the service reads the catalogue without write access or a private database."""
        return self.reads("catalogue") and "database" not in self.talks_to

    @property
    def kept(self) -> Self:
        """Service with its retired words."""
        return self.model_copy(
            update={"retired": False, "talks_to": self.kept_words, "retired_talks_to": ()}
        )

    @property
    def running(self) -> Self:
        """Service without its retired words, and without scaling on their queue."""
        scaling = (
            self.scaling
            if "tasks" in self.talks_to
            else self.scaling.model_copy(update={"messages_per_task": None})
        )
        return self.model_copy(update={"retired_talks_to": (), "scaling": scaling})

    @property
    def requests_per_target(self) -> int | None:
        """Requests per minute and task of scaling. None for a service without a route."""
        return self.scaling.requests_per_target or (REQUESTS_PER_TARGET if self.route else None)

    def tasks_for(self, per_second: float) -> int:
        """Return the tasks that scaling runs at a load, by the policy that requires most.

        Args:
            per_second: requests or messages per second.
        """
        if self.load is None:
            return self.scaling.min
        by_cpu = self.load.per_task * self.scaling.cpu_percent / 100
        held = min(by_cpu, self.requests_per_target / 60) if self.requests_per_target else by_cpu
        return max(self.scaling.min, ceil(per_second / held))

    @model_validator(mode="after")
    def _fargate_pairs_cpu_and_memory(self) -> Self:
        sizes = FARGATE_MEMORY_MIB[self.cpu]
        if self.memory not in sizes:
            shown = ", ".join(map(str, sizes[:4])) + (f" … {sizes[-1]}" if len(sizes) > 4 else "")
            raise ValueError(
                f"memory: Fargate does not support {self.memory} MiB with {self.cpu} cpu units. "
                f"Use {shown} (AWS Fargate task sizes)."
            )
        return self

    @model_validator(mode="after")
    def _variables_are_its_own(self) -> Self:
        for field, named in (("settings", self.settings), ("secrets", self.secrets)):
            if taken := [
                name for name in named if name in TAKEN or name.startswith(TAKEN_PREFIXES)
            ]:
                raise ValueError(
                    f"{field}.{taken[0]}: the name is reserved by the platform or AWS. "
                    "Choose another."
                )
        if both := sorted(self.settings.keys() & self.secrets.keys()):
            raise ValueError(
                f"secrets.{both[0]}: settings has this variable as well. Remove one of them."
            )
        return self

    @model_validator(mode="after")
    def _one_key_names_the_image(self) -> Self:
        if self.image and self.image_tag:
            raise ValueError("image: it cannot be combined with image_tag. Remove one of the two.")
        return self

    @model_validator(mode="after")
    def _migrations_write_the_catalogue(self) -> Self:
        if self.migrations and not self.kept.writes("catalogue"):
            raise ValueError(
                "migrations: they require write access to the catalogue. Add catalogue: "
                "write to talks_to."
            )
        return self

    @model_validator(mode="after")
    def _a_route_needs_a_port(self) -> Self:
        if self.route and self.port is None:
            raise ValueError(f"route: {self.route} requires a port. Set port, or remove the route.")
        return self

    @model_validator(mode="after")
    def _scaling_has_its_metric(self) -> Self:
        if self.scaling.requests_per_target and not self.route:
            raise ValueError(
                "scaling.requests_per_target: requests are counted with a route only. "
                "Add a route, or scale on cpu."
            )
        if self.scaling.messages_per_task and "tasks" not in self.kept_words:
            raise ValueError(
                "scaling.messages_per_task: the service has no queue. "
                "Add tasks to talks_to, or scale on cpu."
            )
        return self


def address_variable(service: str) -> str:
    """Return the variable with the address of a service for its callers, such as `WEB_API_URL`."""
    return f"{service.replace('-', '_').upper()}_URL"
