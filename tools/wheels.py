"""Wheels of the platform and of the construct library: `make wheels`.

They are built from a copy of the sources, without network, because setuptools leaves files in its
folder and adds those of an earlier build to the next wheel. The same sources produce the same
bytes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from spotmusic_cdk.command_line import CommandError, run_command

CHECKOUT = Path(__file__).parents[1]
PLATFORM = (
    "pyproject.toml",
    "setup.py",
    "README.md",
    "cdk.json",
    "charts",
    "spotmusic_cdk",
    "stacks",
    "tools",
)
"""Sources of the platform's wheel."""
EPOCH = "315532800"
"""Start of 1980, the earliest time in a ZIP archive."""
_BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
"""Call of the build backend, as in pip. With pip it takes twice as long."""


class WheelError(CommandError):
    """Failed build of a wheel. The message has the last output of setuptools."""


def build(into: Path) -> list[Path]:
    """Build both wheels and return their paths.

    Args:
        into: folder of the wheels; those of other versions are deleted.

    Raises:
        WheelError: if setuptools fails.
    """
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("spotmusic_*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        platform, library = Path(folder, "platform"), Path(folder, "constructs")
        platform.mkdir()
        for name in PLATFORM:
            _copy(CHECKOUT / name, platform / name)
        _copy(CHECKOUT / "constructs", library)
        for source in (platform, library):
            _wheel(source, into)
    return sorted(into.glob("spotmusic_*.whl"))


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        _copy_file(source, target)
    else:
        shutil.copytree(
            source,
            target,
            ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
            copy_function=_copy_file,
        )


def _copy_file(source: Path | str, target: Path | str) -> None:
    """Copy a file with a fixed mode, because the archive records modes."""
    shutil.copyfile(source, target)
    Path(target).chmod(0o644)


def _wheel(source: Path, into: Path) -> None:
    command = [sys.executable, "-c", _BUILD, str(into.absolute())]
    variables = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    done = subprocess.run(  # noqa: S603
        command, cwd=source, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise WheelError(f"{source.name}: wheel not built.\n{done.stderr.strip()[-2000:]}")


def main(into: str) -> None:
    """Build the wheels into a folder."""
    for wheel in build(Path(into)):
        print(f"{wheel}: {wheel.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    run_command(lambda: main(*sys.argv[1:]))
