"""Claims of the OpenID Connect tokens of trusted jobs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Token issuer, and the exact claims of trusted jobs.

    `github` and `gitlab` return the claims of these issuers.

    Args:
        issuer: URL of the issuer without `https://`.
        audience: claim `aud`.
        branch: claim `sub` of jobs on the deployed branch without an environment.
        environment: claim `sub` of jobs in an environment; `{environment}` is its name.
        pull_request: claim `sub` of jobs of pull requests; None where the issuer has no such claim.
        claims: further claims of jobs in an environment, such as `ref`. Only claims that AWS STS
            supports for the issuer.
    """

    issuer: str
    audience: str
    branch: str
    environment: str
    pull_request: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "://" in self.issuer:
            raise ValueError(
                f"issuer {self.issuer} has a scheme. "
                "Remove it, as in token.actions.githubusercontent.com."
            )
        exact = (
            self.audience,
            self.branch,
            self.environment,
            self.pull_request or "",
            *self.claims.values(),
        )
        if wrong := next((text for text in exact if "*" in text or "?" in text), None):
            raise ValueError(f"{wrong} has a wildcard. Trust exact claims only.")


def github(*, repository: str, branch: str = "main") -> Trust:
    """Return the claims of GitHub Actions (GitHub documentation, OpenID Connect reference).

    Args:
        repository: `owner/name`, or `owner@id/name@id` for a repository with immutable subject
            claims: all that were created, renamed or transferred since July 2026.
        branch: branch that deploys.

    Raises:
        ValueError: if `repository` has another form.
    """
    if not re.fullmatch(r"[\w.-]+(?:@\d+)?/[\w.-]+(?:@\d+)?", repository):
        raise ValueError(
            f"repository {repository} has another form. Use owner/name, or owner@id/name@id."
        )
    return Trust(
        issuer="token.actions.githubusercontent.com",
        audience="sts.amazonaws.com",
        branch=f"repo:{repository}:ref:refs/heads/{branch}",
        environment=f"repo:{repository}:environment:{{environment}}",
        pull_request=f"repo:{repository}:pull_request",
        claims={"ref": f"refs/heads/{branch}"},
    )


def gitlab(*, project: str, branch: str = "main", host: str = "gitlab.com") -> Trust:
    """Return the claims of GitLab CI/CD (GitLab documentation, ID tokens).

    The subject has the branch and not the environment: protect the branch and the environments.

    Args:
        project: `group/project`, with all groups.
        branch: branch that deploys.
        host: host of the GitLab instance.

    Raises:
        ValueError: if `project` has another form.
    """
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", project):
        raise ValueError(f"project {project} has another form. Use group/project.")
    subject = f"project_path:{project}:ref_type:branch:ref:{branch}"
    return Trust(issuer=host, audience=f"https://{host}", branch=subject, environment=subject)
