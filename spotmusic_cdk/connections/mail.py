"""Connection to Amazon SES."""

from collections.abc import Iterator
from typing import ClassVar

import aws_cdk as cdk

from spotmusic_cdk.connections.connection import Client, Connection, Facts, Targets
from spotmusic_constructs.services.access import Access, mail_access


class Mail(Connection):
    """Mail from the address of the environment."""

    word = "mail"
    variables: ClassVar = {"MAIL_SENDER": "address that mail comes from: `FromEmailAddress`, with or without a name before it"}
    facts = Facts(
        authority="Amazon's public roots",
        names="Amazon SES in the home region (`sesv2`). No token, header or task has the address of a "
        "listener: ask for it, and keep it in a `database` of the service",
        rights="`SendEmail` with `Simple` content, which takes text, HTML, headers and attachments. "
        "`Raw` is another right and refused, as are templates, configuration sets, bulk mail, and any "
        "other sender",
        limits="quota and reputation of the account, which all that send share, Keycloak too. One "
        "listener a mail. SES accepts mail to an address that bounced or complained before, and does "
        "not send it",
        timeouts="connect 2 s, read 5 s, outside of requests: take a task, send, acknowledge. "
        "`TooManyRequestsException` is a task for later. SES knows no key of idempotency: a task that "
        "comes twice sends twice, unless the service keeps what it sent",
    )

    def access(self, client: Client, targets: Targets) -> Iterator[Access]:
        # The settings require the address where a service has the word.
        if mail := client.settings.mail:
            identity = f"arn:{cdk.Aws.PARTITION}:ses:{client.settings.region}:{cdk.Aws.ACCOUNT_ID}:identity/{mail.domain}"
            yield mail_access("MAIL_SENDER", sender=mail.sender, identity=identity)
