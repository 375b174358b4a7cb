"""Checks of the Amazon SES domain from which services send mail."""

from collections.abc import Iterator

from tools.preflight.finding import Ask, Context, Finding, unless, verdict


def mail(context: Context) -> Iterator[Finding]:
    """Checks for settings with which SES requires more permissions than services have (ADR 22)."""
    settings = context.settings.mail
    if settings is None:
        return
    client, domain, sender = context.home("sesv2"), settings.domain, settings.sender
    found = unless("NotFoundException", client.get_email_identity, EmailIdentity=domain)
    detail, command = "", "aws sesv2 {} --region " + context.settings.region
    if found is None:
        detail = f"SES has no identity {domain}"
        command = f"{command.format('create-email-identity')} --email-identity {domain}"
    elif not found["VerifiedForSendingStatus"]:
        detail = f"{domain} is not verified"
        shown = f"{command.format('get-email-identity')} --email-identity {domain}"
        command = f"{shown} --query DkimAttributes; then create its records"
    elif "ConfigurationSetName" in found:
        detail = f"{domain} has the configuration set {found['ConfigurationSetName']}"
        operation = "put-email-identity-configuration-set-attributes"
        command = f"{command.format(operation)} --email-identity {domain}"
    elif unless("NotFoundException", client.get_email_identity, EmailIdentity=sender):
        detail = f"{sender} is an identity too and takes precedence over {domain}"
        command = f"{command.format('delete-email-identity')} --email-identity {sender}"
    elif not client.get_account()["ProductionAccessEnabled"]:
        detail = "the account is in the sandbox"
        more = "--production-access-enabled --mail-type TRANSACTIONAL --website-url <address>"
        command = f"{command.format('put-account-details')} {more}"
    yield verdict("mail", not detail, detail or f"{domain} may send", command)


CHECKS: dict[str, Ask] = {"mail": mail}
