"""Wheel of the platform: the package `spotmusic_cdk` with stacks, tools and charts (ADR 26)."""

import ast
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PACKAGE = "spotmusic_cdk"
NESTED = ("stacks", "tools")
COMMANDS = (
    "capacity",
    "changes",
    "cost",
    "cost.refresh",
    "local_aws",
    "local_aws.emulator",
    "preflight",
    "smoke",
)
"""Tools of a project; the others are for this repository and its tests."""
NAMED = re.compile(r"^(\s*from |.*python -m )(stacks|tools)(?=[. ])", flags=re.MULTILINE)
"""Imports of nested packages, and commands with their modules."""


class build_py_nested(build_py):  # noqa: N801 - setuptools names commands in lower case
    """Copy of the packages, with `stacks` and `tools` inside the platform's package."""

    def run(self) -> None:
        """Copy the packages and rewrite their imports."""
        super().run()
        package = Path(self.build_lib, PACKAGE)
        tools = {package / file for file in tools_of(COMMANDS)}
        for file in [*(package / "tools").rglob("*")]:
            if file.is_file() and (
                file not in tools
                if file.suffix == ".py"
                else file.parent not in {tool.parent for tool in tools}
            ):
                file.unlink()
        for module in package.rglob("*.py"):
            module.write_text(
                NAMED.sub(rf"\1{PACKAGE}.\2", module.read_text(encoding="utf-8")), encoding="utf-8"
            )
        shutil.copytree("charts", package / "charts", dirs_exist_ok=True)
        shutil.copy("cdk.json", package)


def tools_of(commands: tuple[str, ...]) -> set[Path]:
    """Files of commands, and of all modules of `tools` that the commands import."""
    waiting = [f"tools.{command}{suffix}" for command in commands for suffix in ("", ".__main__")]
    found: set[Path] = set()
    while waiting:
        parts = waiting.pop().split(".")
        above = [Path(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
        for file in {Path(*parts).with_suffix(".py"), *above} - found:
            if file.exists():
                found.add(file)
                waiting += _imports(file)
    return found


def _imports(file: Path) -> list[str]:
    imports = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    nested = [
        (node.module, name.name)
        for node in imports
        if f"{node.module}.".startswith("tools.")
        for name in node.names
    ]
    return [part for module, name in nested for part in (module, f"{module}.{name}")]


setup(
    packages=[
        *find_packages(include=[f"{PACKAGE}*"]),
        *(f"{PACKAGE}.{name}" for name in find_packages(include=[f"{name}*" for name in NESTED])),
    ],
    package_dir={f"{PACKAGE}.{name}": name for name in NESTED},
    package_data={"": ["**/*"]},
    cmdclass={"build_py": build_py_nested},
)
