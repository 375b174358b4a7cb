"""Wrapper of the layer's Helm for clusters without controllers: a copy of this file is the provider
function's `/opt/helm/helm`.

The function, its arguments and the layer's Helm are unchanged, except:

- nothing waits (`--wait`, `--atomic`), because without nodes nothing becomes ready;
- no hook runs (`--no-hooks`), because a hook's Job never ends;
- charts of repositories are read from the folder `SPOTMUSIC_CHARTS` if it has them.

The file runs alone, so it uses the standard library only.
"""

import os
import sys
import tarfile
from pathlib import Path

LAYERS_HELM = "helm-of-the-layer"
_WAITS = ("--wait", "--atomic")
_RUNS_HOOKS = ("install", "upgrade", "uninstall", "rollback")


def install(opt: Path) -> None:
    """Replaces a layer's Helm with this file and moves the original next to it. Ignores layers
    without Helm.

    Args:
        opt: folder that the function's process mounts at /opt.
    """
    helm = opt / "helm" / "helm"
    if not helm.is_file():
        return
    helm.replace(helm.with_name(LAYERS_HELM))
    helm.write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
    helm.chmod(0o755)


def chart_file(folder: Path, name: str, version: str) -> Path | None:
    """Returns the folder's chart with this name and version, packed or unpacked; None if it has
    none.

    Args:
        folder: folder of charts.
        name: the chart's name.
        version: its version; a leading v does not matter.
    """
    plain = version.removeprefix("v")
    packed = [folder / f"{name}-{text}.tgz" for text in (plain, f"v{plain}")]
    unpacked = folder / name
    found = [file for file in packed if name and file.is_file()]
    if not found and name and _version_of(unpacked) == plain:
        found = [unpacked]
    return found[0] if found else None


def rewritten(arguments: list[str], charts: Path | None) -> list[str]:
    """Returns the arguments for the layer's Helm.

    Args:
        arguments: arguments of the provider function.
        charts: folder of charts; None if there is none.
    """
    kept = [argument for argument in arguments if argument not in _WAITS]
    if not kept or kept[0] not in _RUNS_HOOKS:
        return kept
    version, repository = _option(kept, "--version"), _option(kept, "--repo")
    file = chart_file(charts, kept[2], version) if charts and repository and version else None
    if file is not None:
        kept = [kept[0], kept[1], str(file), *_without(kept[3:], "--repo", "--version")]
    return [*kept, "--no-hooks"]


def unpacked_instead_of_pulled(arguments: list[str], charts: Path | None, target: Path) -> bool:
    """Emulates `helm pull oci://… --untar` with a folder of charts. Returns False if the chart is
    missing.

    Args:
        arguments: arguments of the provider function.
        charts: folder of charts; None if there is none.
        target: parent folder of the unpacked chart.
    """
    version = _option(arguments, "--version")
    if charts is None or version is None or arguments[:1] != ["pull"]:
        return False
    file = chart_file(charts, arguments[1].rpartition("/")[-1], version)
    if file is None or not file.is_file():
        return False
    with tarfile.open(file) as archive:
        archive.extractall(target, filter="data")
    return True


def _option(arguments: list[str], name: str) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments[:-1] else None


def _without(arguments: list[str], *names: str) -> list[str]:
    dropped = {index + step for index, argument in enumerate(arguments) if argument in names for step in (0, 1)}
    return [argument for index, argument in enumerate(arguments) if index not in dropped]


def _version_of(chart: Path) -> str | None:
    file = chart / "Chart.yaml"
    lines = file.read_text().splitlines() if file.is_file() else []
    found = [line.split(":", 1)[1].strip().strip("\"'") for line in lines if line.startswith("version:")]
    return found[0].removeprefix("v") if found else None


def main() -> None:
    """Replaces this process by the layer's Helm."""
    named = os.environ.get("SPOTMUSIC_CHARTS")
    charts, arguments = (Path(named) if named else None), sys.argv[1:]
    if not unpacked_instead_of_pulled(arguments, charts, Path.cwd()):
        helm = str(Path(__file__).with_name(LAYERS_HELM))
        os.execv(helm, [helm, *rewritten(arguments, charts)])  # noqa: S606 - the layer's own


if __name__ == "__main__":
    main()
