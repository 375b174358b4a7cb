"""Sources of a release's chart: an asset of the app, a file of `SPOTMUSIC_CHARTS`, or a reachable
repository.
"""

import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.local_aws.kubernetes.helm_shim import chart_file
from tools.local_aws.kubernetes.source import CHARTS_VARIABLE

_ANSWER_SECONDS = 5.0
_SERVER_ERROR = 500


@cache
def answers(repository: str) -> bool:
    """Returns True if a chart repository is reachable.

    Args:
        repository: its URL, `https://…` or `oci://…`.
    """
    parts = urlsplit(repository)
    path = "/v2/" if parts.scheme == "oci" else f"{parts.path.rstrip('/')}/index.yaml"
    connection = http.client.HTTPSConnection(
        str(parts.hostname), parts.port or 443, timeout=_ANSWER_SECONDS, context=ssl.create_default_context()
    )
    try:
        connection.request("HEAD", path)
        return connection.getresponse().status < _SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Available charts.

    Args:
        folder: folder of packed or unpacked charts, `<name>-<version>.tgz` or `<name>/`; None if
            there is none.
        answers: returns True if a repository is reachable.
    """

    folder: Path | None
    answers: Callable[[str], bool] = field(default=answers)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Charts":
        """Returns the charts that the environment names."""
        named = environment.get(CHARTS_VARIABLE)
        return cls(folder=Path(named) if named else None)

    def are_at_hand(self, release: Mapping[str, Any]) -> bool:
        """Returns True if the provider function can load a release's chart.

        Args:
            release: properties of the custom resource.
        """
        if release.get("ChartAssetURL"):
            return True
        name, version = str(release.get("Chart", "")), str(release.get("Version", ""))
        if self.folder is not None and chart_file(self.folder, name, version) is not None:
            return True
        repository = str(release.get("Repository") or "")
        return bool(repository) and self.answers(repository)
