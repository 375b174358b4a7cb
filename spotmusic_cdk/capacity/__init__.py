"""Load of an environment by its monthly listeners, without CDK."""

from spotmusic_cdk.capacity.load import Load, load_of

__all__ = ["Load", "load_of"]
