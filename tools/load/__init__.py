"""Load of an environment by its monthly listeners, without CDK."""

from tools.load.components import Load
from tools.load.formulas import load_of

__all__ = ["Load", "load_of"]
