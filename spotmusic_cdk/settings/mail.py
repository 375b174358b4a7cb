"""The mail section of an environment file: the sender of what services write to listeners."""

from typing import Annotated

from pydantic import StringConstraints, model_validator

from spotmusic_cdk.settings.model import Model


class MailSettings(Model):
    """Amazon SES in the home region, for services with `mail` in `talks_to`."""

    sender: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*@[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=254),
    ]
    """Address that mails of services come from, and no other."""
    identity: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)] | None = None
    """Domain that SES has verified: that of the sender when left out, or one above it. It is made
    by hand, in the home region (docs/deployment.md, Before the first time)."""

    @property
    def domain(self) -> str:
        """Domain of the identity."""
        return self.identity or self.sender.partition("@")[2]

    @model_validator(mode="after")
    def _identity_covers_the_sender(self) -> "MailSettings":
        if not f".{self.sender.partition('@')[2]}".endswith(f".{self.domain}"):
            raise ValueError(f"identity: {self.identity} does not cover {self.sender}. Name the domain of the sender, or one above it.")
        return self
