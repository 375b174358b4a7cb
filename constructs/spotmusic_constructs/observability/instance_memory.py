"""Memory of database instance classes."""

_GIB_OF_LARGE = {"m": 8, "r": 16, "t": 8}
_BELOW_LARGE = {"micro": 8, "small": 4, "medium": 2}


def memory_gib(instance_class: str) -> int:
    """Returns the memory of an RDS instance class in GiB.

    Within a family memory doubles with the size: `large` has 8 GiB for the families t and m and 16 for r, `xlarge` twice as
    much, `4xlarge` eight times. Source: Amazon RDS user guide, hardware specifications for DB instance classes, 2026-11.

    Args:
        instance_class: class without the `db.` prefix, such as `r8g.xlarge`.

    Raises:
        ValueError: the family or the size is none that this table knows.

    Example:
        memory_gib("r8g.xlarge")  # 32
    """
    family, _, size = instance_class.partition(".")
    large = _GIB_OF_LARGE.get(family[:1])
    if large is not None:
        if size in _BELOW_LARGE:
            return large // _BELOW_LARGE[size]
        if size == "large":
            return large
        if size.endswith("xlarge") and size.removesuffix("xlarge").isdigit() | (size == "xlarge"):
            return large * 2 * int(size.removesuffix("xlarge") or 1)
    raise ValueError(f"{instance_class}: its memory is not known. Use a class of the families t, m or r, or name the thresholds.")
