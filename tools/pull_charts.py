"""Pull every pinned upstream chart and verify its checksum (`make charts`)."""

import hashlib
import subprocess
import sys
from pathlib import Path

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import run_command
from tools.supply_chain.kubectl_layer import program
from tools.supply_chain.releases import place_of

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".charts"
LOCK = ROOT / "charts.lock"
"""SHA-256 and name of each archive, as `sha256sum` writes them."""


def command(chart: versions.Chart, folder: Path) -> list[str]:
    """Return the Helm command that pulls a chart."""
    options = ["--version", chart.version, "--destination", str(folder)]
    return [str(program("helm")), "pull", *place_of(chart), *options]


def archive_name(chart: versions.Chart) -> str:
    """Return the name of the file that Helm writes."""
    return f"{chart.name}-{chart.version}.tgz"


def locked(lock: Path) -> dict[str, str]:
    """Return the checksum of each archive by its name; empty before the first pull."""
    lines = lock.read_text().splitlines() if lock.is_file() else []
    return {name: checksum for checksum, name in (line.split() for line in lines)}


def checksum_of(archive: Path) -> str:
    """Return the SHA-256 of an archive."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def verify(archives: list[Path], lock: Path) -> list[str]:
    """Verify archives against the lock file, and add new ones.

    Args:
        archives: archives of all pinned charts.
        lock: file of checksums; rewritten with the checksums of the given archives only.

    Returns:
        Problems, one per archive. The lock file is written only if there are none.
    """
    known = locked(lock)
    found = {archive.name: checksum_of(archive) for archive in archives}
    wrong = [
        f"{name}: SHA-256 {checksum} is not {known[name]} of {lock.name}. "
        "The repository has a different file for this version. "
        "Compare both before you deploy one."
        for name, checksum in sorted(found.items())
        if known.get(name, checksum) != checksum
    ]
    if not wrong and known != found:
        lock.write_text(
            "".join(f"{checksum}  {name}\n" for name, checksum in sorted(found.items()))
        )
    return wrong


def main() -> None:
    """Pull the charts that are missing, and verify all."""
    FOLDER.mkdir(exist_ok=True)
    for chart in versions.charts():
        if (FOLDER / archive_name(chart)).is_file():
            continue
        print(f"{chart.name} {chart.version} from {chart.repository}", flush=True)
        if subprocess.run(command(chart, FOLDER), check=False).returncode:  # noqa: S603
            sys.exit(
                f"{chart.repository} did not return {chart.name} {chart.version}. "
                "The tests that need it are skipped."
            )
    if problems := verify([FOLDER / archive_name(chart) for chart in versions.charts()], LOCK):
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    run_command(main)
