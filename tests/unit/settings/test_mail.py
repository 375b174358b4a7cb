import pytest
from pydantic import ValidationError

from spotmusic_cdk.settings.identity import MailSettings


@pytest.mark.parametrize(
    ("identity", "domain"),
    [(None, "news.music.example"), ("news.music.example", "news.music.example"), ("music.example", "music.example")],
)
def test_mail_identity_covers_sender(identity: str | None, domain: str) -> None:
    assert MailSettings(sender="hello@news.music.example", identity=identity).domain == domain


@pytest.mark.parametrize("identity", ["other.example", "usic.example", "a.news.music.example"])
def test_unrelated_mail_identity_is_rejected(identity: str) -> None:
    with pytest.raises(ValidationError, match=f"{identity} does not cover hello@news.music.example"):
        MailSettings(sender="hello@news.music.example", identity=identity)


@pytest.mark.parametrize("sender", ["*@music.example", "a@*.example", "${x}@music.example", "Music <a@music.example>"])
def test_mail_sender_is_one_address(sender: str) -> None:
    with pytest.raises(ValidationError):
        MailSettings(sender=sender)
