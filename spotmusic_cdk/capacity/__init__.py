"""Load of an environment by its monthly listeners, without CDK."""

from spotmusic_cdk.capacity.formulas import load_of
from spotmusic_cdk.capacity.load import Load

__all__ = ["Load", "load_of"]
