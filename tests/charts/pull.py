"""Pulls every pinned chart of a repository with the Helm of the layer: `make charts`."""

import subprocess
import sys
from pathlib import Path

from spotmusic_cdk import versions
from tests.helm_values import helm

FOLDER = Path(__file__).parents[2] / ".charts"


def command(chart: versions.Chart, folder: Path) -> list[str]:
    """Returns how Helm pulls a chart; the address of one in an OCI registry is that of the chart itself."""
    place = [chart.repository] if chart.repository.startswith("oci://") else [chart.name, "--repo", chart.repository]
    return [str(helm()), "pull", *place, "--version", chart.version, "--destination", str(folder)]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for chart in versions.charts():
        if (FOLDER / f"{chart.name}-{chart.version}.tgz").is_file():
            continue
        print(f"{chart.name} {chart.version} from {chart.repository}", flush=True)
        if subprocess.run(command(chart, FOLDER), check=False).returncode:
            sys.exit(f"{chart.repository} did not give {chart.name} {chart.version}. Without it the tests that need it skip and say so.")
