"""Promises: Registry."""

import json
import re
from collections.abc import Iterator
from typing import Any

from spotmusic_cdk import versions
from tests.properties.promise import Verdicts, promise
from tests.properties.releases import images_in, releases_of
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.values import ACCOUNT

REPOSITORY = "AWS::ECR::Repository"
CACHED = "AWS::ECR::RepositoryCreationTemplate"
RULE = "AWS::ECR::PullThroughCacheRule"
UNTAGGED_DAYS = 14
NEED_CREDENTIALS = ("docker.io", "ghcr.io")

_IMAGE = re.compile(
    r"(?P<host>[^/]+)/(?P<path>.+?)(?::(?P<tag>[\w.-]+)|@(?P<digest>sha256:[0-9a-f]{64}))"
)


def repositories(platform: Assembly) -> list[Resource]:
    """Our repositories, and repository creation templates of cached images."""
    return [*platform.some(REPOSITORY), *platform.some(CACHED)]


def lifecycle(repository: Resource) -> list[dict[str, Any]]:
    text = (
        repository["LifecyclePolicy.LifecyclePolicyText"]
        if repository.type == REPOSITORY
        else repository["LifecyclePolicy"]
    )
    return [rule["selection"] for rule in json.loads(text)["rules"]] if text else []


def images(platform: Assembly) -> Iterator[tuple[Resource, str]]:
    """Images of all tasks and Helm releases."""
    for task in platform.some("AWS::ECS::TaskDefinition"):
        for index in range(len(task["ContainerDefinitions"])):
            yield task, task.text(f"ContainerDefinitions.{index}.Image")
    for release in releases_of(platform).values():
        yield from ((release.resource, image) for image in sorted(set(images_in(release.values))))


def is_immutable(platform: Assembly, path: str) -> bool:
    """Return true if tags below this path of our registry are immutable."""
    made = [
        template for template in platform.some(CACHED) if path.startswith(f"{template['Prefix']}/")
    ]
    own = [
        repository
        for repository in platform.some(REPOSITORY)
        if f"${{registry/{repository.id}" in path
    ]
    return any(repository["ImageTagMutability"] == "IMMUTABLE" for repository in [*made, *own])


def upstream_images() -> Iterator[str]:
    """Upstream images with a version in this project."""
    yield versions.BOOTSTRAP_IMAGE
    for value in vars(versions).values():
        if isinstance(value, versions.Chart):
            yield from value.images.values()


@promise
def test_p016_image_tags_are_immutable(platform: Assembly) -> Verdicts:
    """Image tags are immutable, in our repositories and in those of cached images.

    Kept by: `ServiceRepositories`, `PullThroughCache`
    """
    for repository in repositories(platform):
        yield (
            repository,
            repository["ImageTagMutability"] == "IMMUTABLE",
            "Make its tags immutable.",
        )


@promise
def test_p017_every_image_is_scanned(platform: Assembly) -> Verdicts:
    """Each image is scanned at the push, and in production again whenever a vulnerability becomes
    known.

    Kept by: `RegistryScanning`
    """
    for repository in platform.some(REPOSITORY):
        yield (
            repository,
            repository["ImageScanningConfiguration.ScanOnPush"] is True,
            "Set image_scan_on_push=True.",
        )
    if not platform.settings.registry.account_scanning:
        return  # Another environment of the account owns it.
    scanning = platform.only("AWS::ECR::RegistryScanningConfiguration")
    filters = [
        (rule["ScanFrequency"], f["Filter"])
        for rule in scanning["Rules"]
        for f in rule["RepositoryFilters"]
    ]
    wanted = "CONTINUOUS_SCAN" if platform.settings.production else "SCAN_ON_PUSH"
    # Repositories of cached images are unknown until the first pull, so the registry scans all of
    # them.
    kind = "ENHANCED" if platform.settings.production else "BASIC"
    yield (
        scanning,
        scanning["ScanType"] == kind and (wanted, "*") in filters,
        f"Scan every repository: {kind}, {wanted}, the filter *.",
    )


@promise
def test_p018_images_have_own_key(platform: Assembly) -> Verdicts:
    """Images are encrypted with the key of images.

    Kept by: `keys.images`
    """
    for repository in repositories(platform):
        key = repository.target("EncryptionConfiguration.KmsKey")
        ours = (
            repository["EncryptionConfiguration.EncryptionType"] == "KMS"
            and key is not None
            and key.name == "secrets/ImagesKey"
        )
        yield repository, ours, "Encrypt it with keys.images."
    for template in platform.some(CACHED):
        works = template.target("CustomRoleArn") is not None and "PULL_THROUGH_CACHE" in (
            template["AppliedFor"] or []
        )
        yield (
            template,
            works,
            (
                "ECR makes repositories with our key by a role only, and by a template for caches "
                "only."
            ),
        )


@promise
def test_p019_unused_images_expire(platform: Assembly) -> Verdicts:
    """Untagged images expire after 14 days at most, and tagged images beyond a maximum number.

    Kept by: `registry.untagged_days`, `registry.keep_images`
    """
    for repository in repositories(platform):
        by_status = {rule["tagStatus"]: rule for rule in lifecycle(repository)}
        untagged, tagged = by_status.get("untagged", {}), by_status.get("tagged", {})
        by_age = (
            untagged.get("countType") == "sinceImagePushed"
            and untagged.get("countNumber", UNTAGGED_DAYS + 1) <= UNTAGGED_DAYS
        )
        yield (
            repository,
            by_age,
            f"Expire untagged images after at most {UNTAGGED_DAYS} days: registry.untagged_days.",
        )
        by_number = (
            tagged.get("countType") == "imageCountMoreThan" and tagged.get("countNumber", 0) >= 5
        )
        yield (
            repository,
            by_number,
            "Expire tagged images by number, and keep enough for a rollback: registry.keep_images.",
        )


@promise
def test_p020_repositories_are_not_public(platform: Assembly) -> Verdicts:
    """Repositories and the registry have no policies, so that only roles of this account pull.

    Kept by: `ServiceRepositories`
    """
    for repository in repositories(platform):
        policy = repository["RepositoryPolicyText"] or repository["RepositoryPolicy"]
        yield repository, policy is None, "Remove its policy: roles of this account pull."
    for public in platform.all("AWS::ECR::PublicRepository", "AWS::ECR::RegistryPolicy"):
        yield public, False, "Remove it: other accounts could pull."


@promise
def test_p021_images_outlive_their_stack(platform: Assembly) -> Verdicts:
    """Repositories and their images are retained when their stack is deleted.

    Kept by: `data.removal_policy`
    """
    for repository in platform.some(REPOSITORY):
        kept = repository.outlives_its_stack and repository["EmptyOnDelete"] is False
        yield repository, kept, "Keep it, and its images with it: data.removal_policy is `retain`."


@promise
def test_p022_containers_run_exact_registry_images(platform: Assembly) -> Verdicts:
    """Containers run exact images from our registry: by digest or by an immutable tag, never
    `latest`.

    Kept by: `PullThroughCache`, [`versions.py`](../spotmusic_cdk/versions.py)
    """
    own = f"{ACCOUNT}.dkr.ecr.{platform.settings.region}.amazonaws.com"
    given = {
        service.image for service in platform.settings.services.values()
    }  # by digest, as the file must name them
    for resource, image in images(platform):
        if image in given:
            continue
        subject, parts = f"{resource.name} {image}", _IMAGE.fullmatch(image)
        exact = parts is not None and parts["tag"] != "latest"
        yield subject, exact, "Name a digest, or a tag that means one image."
        ours = parts is not None and parts["host"] == own
        yield (
            subject,
            ours,
            "Pull it through our registry: give its upstream's credentials under `registry`.",
        )
        if parts and ours:
            kept = bool(parts["digest"]) or is_immutable(platform, parts["path"])
            yield (
                subject,
                kept,
                (
                    "Its tag may change its meaning: pull it from a repository with immutable "
                    "tags, or by digest."
                ),
            )
    for template in sorted((ROOT / "charts").rglob("templates/*")):
        for line in re.findall(
            r"^\s*-?\s*image:\s*(.+)$", template.read_text(), flags=re.MULTILINE
        ):
            yield (
                str(template.relative_to(ROOT)),
                ".Values." in line,
                "Use the image of the values, which name our registry.",
            )


@promise
def test_p023_no_node_pulls_from_the_internet(platform: Assembly) -> Verdicts:
    """Each upstream registry has a pull-through cache, and images are referenced through it. No
    node pulls from the Internet.

    Kept by: `registry.docker_hub_credentials`, `registry.github_credentials`
    """
    prefixes = {template["Prefix"] for template in platform.some(CACHED)}
    rules = {
        rule["UpstreamRegistryUrl"].replace("registry-1.docker.io", "docker.io"): rule
        for rule in platform.some(RULE)
    }
    said = {image for _, image in images(platform)}
    upstream = sorted({image.partition("/")[0] for image in upstream_images()})
    for host in upstream:
        yield (
            f"registry/{host}",
            host in rules,
            "It has no pull-through cache: give its credentials under `registry`.",
        )
    for host in sorted(rules.keys() & set(upstream)):
        rule = rules[host]
        prefix = rule["EcrRepositoryPrefix"]
        yield (
            rule,
            host not in NEED_CREDENTIALS or bool(rule["CredentialArn"]),
            "ECR caches it with credentials only.",
        )
        yield (
            rule,
            prefix in prefixes,
            "ECR would make its repositories without our key: add a template with the same prefix.",
        )
        for path in sorted(
            {image.partition("/")[2] for image in upstream_images() if image.startswith(f"{host}/")}
        ):
            named = any(image.endswith(f"/{prefix}/{path}") for image in said)
            yield (
                rule,
                named,
                (
                    f"No image {host}/{path} is pulled through it. "
                    "Set the image's name in our registry in the chart values."
                ),
            )
