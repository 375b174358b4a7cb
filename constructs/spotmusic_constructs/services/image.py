"""Container image and health check of a service."""

from dataclasses import dataclass, replace
from functools import cache

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from spotmusic_constructs.services.image_name import ecr_repository


@dataclass(frozen=True, kw_only=True)
class ServiceImage:
    """Image with its settings in a task definition.

    Args:
        name: registry, repository and tag.
        health_command: health check in the container; exit code 0 means healthy.
        repository_arn: repository of the image in our registry. None for an upstream image.
        from_cache: whether the repository is a pull-through cache, filled by the first pull.
        entry_point: replaces the entry point of the image.
        command: replaces the command of the image.
    """

    name: str
    health_command: tuple[str, ...]
    repository_arn: str | None = None
    from_cache: bool = False
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def own_image(repository: ecr.IRepository, *, tag: str) -> ServiceImage:
    """Return a service's own image, which must contain an executable `healthcheck`.

    Args:
        repository: repository of the service.
        tag: immutable tag in it.
    """
    # `repository_uri` would split the ARN, an output of another stack: Fn::Split rejects such a
    # reference (cfn-lint, E1022).
    stack = cdk.Stack.of(repository)
    registry = f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"
    return ServiceImage(
        name=f"{registry}/{repository.repository_name}:{tag}",
        health_command=("CMD", "healthcheck"),
        repository_arn=repository.repository_arn,
    )


def given_image(name: str) -> ServiceImage:
    """Return an image of any registry, which must contain an executable `healthcheck`.

    Args:
        name: registry, repository and digest. A repository policy in another account's Amazon ECR
            must allow this account; any other registry must allow anonymous pulls.
    """
    repository = ecr_repository(name)
    arn = f"arn:{cdk.Aws.PARTITION}:ecr:{repository}" if repository else None
    return ServiceImage(name=name, health_command=("CMD", "healthcheck"), repository_arn=arn)


def bootstrap_image(name: str, *, port: int, health_path: str) -> ServiceImage:
    """Return the bootstrap image: nginx that passes health checks and rejects other requests.

    It writes only to /tmp, runs as any user, and checks its health with wget of its busybox.

    Args:
        name: nginx on Alpine, in our pull-through cache or upstream.
        port: port to listen on.
        health_path: path that returns 200.
    """
    return replace(
        plain_image(name),
        health_command=(
            "CMD-SHELL",
            f"wget -q -O /dev/null http://127.0.0.1:{port}{health_path} || exit 1",
        ),
        entry_point=("sh", "-c"),
        command=(
            f"printf '%s' '{nginx_configuration(port, health_path)}' > /tmp/nginx.conf"
            " && exec nginx -e stderr -c /tmp/nginx.conf",
        ),
    )


def plain_image(name: str) -> ServiceImage:
    """Return an upstream image without health check.

    Args:
        name: name of the image, in our pull-through cache or upstream.
    """
    registry, _, path = name.partition("/")
    cached = ".dkr.ecr." in registry
    repository = path.partition("@")[0].partition(":")[0]
    return ServiceImage(
        name=name,
        health_command=("CMD", "true"),
        repository_arn=f"{_repositories()}/{repository}" if cached else None,
        from_cache=cached,
    )


def nginx_configuration(port: int, health_path: str) -> str:
    """Return the nginx configuration of the bootstrap image, which returns 503 to callers."""
    answers = {"/metrics": "spotmusic_bootstrap_image 1", health_path: "ok"}
    exact = " ".join(
        f'location = {path} {{ return 200 "{text}\\n"; }}' for path, text in answers.items()
    )
    temporary = " ".join(
        f"{kind}_temp_path /tmp/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        "daemon off; pid /tmp/nginx.pid; worker_processes 1; events { worker_connections 256; } "
        f"http {{ access_log off; server_tokens off; default_type text/plain; {temporary} "
        f"server {{ listen {port}; {exact} "
        'location / { return 503 "No image has been deployed yet.\\n"; } } }'
    )


@cache
def _repositories() -> str:
    """Return the ARN of all repositories of the account, without its last part."""
    return f"arn:{cdk.Aws.PARTITION}:ecr:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:repository"
