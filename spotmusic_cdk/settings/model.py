"""What every settings model has in common: closed, frozen, and explicit about its units."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Model(BaseModel):
    """A closed and frozen part of an environment file: an unknown key is an error, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]
"""A lower-case name in DNS form: it becomes part of host names, metric labels and role descriptions."""

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Arn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+$")]
Days = Annotated[int, Field(ge=1, le=3650)]
Gibibytes = Annotated[int, Field(ge=1, le=65536)]
LogDays = Literal[180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
"""Days of a log group: what CloudWatch Logs knows from half a year on (CloudWatch Logs API, PutRetentionPolicy)."""
