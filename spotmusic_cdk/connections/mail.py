"""Connection to Amazon SES."""

from collections.abc import Iterator
from typing import ClassVar

import aws_cdk as cdk

from spotmusic_cdk.connections.connection import Client, Connection, Facts, Targets
from spotmusic_constructs.services.access import Access, mail_access


class Mail(Connection):
    """Mail from the address of the environment."""

    word = "mail"
    variables: ClassVar = {
        "MAIL_SENDER": (
            "address that mail comes from: `FromEmailAddress`, with or without a name before it"
        )
    }
    facts = Facts(
        authority="Amazon's public roots",
        names=(
            "Amazon SES in the home region (`sesv2`). "
            "No token, header or task contains the address of a listener: "
            "the service asks for it and stores it in its `database`"
        ),
        rights=(
            "`SendEmail` with `Simple` content, which takes text, HTML, headers and attachments. "
            "`Raw`, templates, configuration sets, bulk mail and any other sender are refused"
        ),
        limits=(
            "all senders of the account, Keycloak included, share its quota and reputation. "
            "Send each mail to one listener. SES accepts mail to an address that bounced or "
            "complained before, but does not send it"
        ),
        timeouts=(
            "connect 2 s, read 5 s, outside of requests: take a task, send, acknowledge. "
            "Try again later after `TooManyRequestsException`. SES has no idempotency key: "
            "a task that is delivered twice sends two mails, unless the service records what it "
            "sent"
        ),
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        # The settings require the address if a service has the word.
        if mail := client.settings.mail:
            account = f"{client.settings.region}:{cdk.Aws.ACCOUNT_ID}"
            identity = f"arn:{cdk.Aws.PARTITION}:ses:{account}:identity/{mail.domain}"
            yield mail_access("MAIL_SENDER", sender=mail.sender, identity=identity)
