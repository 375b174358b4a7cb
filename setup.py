"""Wheel of the platform: one package `spotmusic_cdk`, with stacks, tools and charts in it (docs/adr/0026)."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PACKAGE = "spotmusic_cdk"
NESTED = ("stacks", "tools")
OWN_TOOLS = {"bench", "pull_charts", "site", "supply_chain", "wheels"}
"""Tools for work on this repository, besides those that import its tests."""
NAMED = re.compile(r"^(\s*from |.*python -m )(stacks|tools)(?=[. ])", flags=re.MULTILINE)
"""Imports of nested packages, and commands that run them."""
TESTS = re.compile(r"^\s*from tests\b", flags=re.MULTILINE)


class build_py_nested(build_py):  # noqa: N801 - setuptools names commands in lower case
    """Copy of the packages, with `stacks` and `tools` below the platform's own."""

    def run(self) -> None:
        """Copies, and rewrites imports."""
        super().run()
        package = Path(self.build_lib, PACKAGE)
        for tool in [*(package / "tools").iterdir()]:
            modules = [*tool.rglob("*.py")] if tool.is_dir() else [tool]
            if tool.stem in OWN_TOOLS or any(TESTS.search(module.read_text(encoding="utf-8")) for module in modules):
                shutil.rmtree(tool) if tool.is_dir() else tool.unlink()
        for module in package.rglob("*.py"):
            module.write_text(NAMED.sub(rf"\1{PACKAGE}.\2", module.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.copytree("charts", package / "charts", dirs_exist_ok=True)
        shutil.copy("cdk.json", package)


setup(
    packages=[
        *find_packages(include=[f"{PACKAGE}*"]),
        *(f"{PACKAGE}.{name}" for name in find_packages(include=[f"{name}*" for name in NESTED])),
    ],
    package_dir={f"{PACKAGE}.{name}": name for name in NESTED},
    package_data={"": ["**/*"]},
    cmdclass={"build_py": build_py_nested},
)
