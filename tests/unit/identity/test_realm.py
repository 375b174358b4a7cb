import copy
from collections.abc import Callable, Iterator

import pytest

from spotmusic_constructs.identity.clients import AUDIENCE, LISTENERS_CLIENTS
from spotmusic_constructs.identity.keycloak_values import environment
from spotmusic_constructs.identity.realm import DAY, Realm, administrators
from tests.own_schemas import problems
from tests.sample_realm import CLUB, FULL
from tools.model.values import Json


@pytest.fixture(scope="module")
def realm() -> Json:
    return FULL.to_representation()


REALMS = pytest.mark.parametrize(
    "found", [FULL.to_representation(), administrators()], ids=["listeners", "administrators"]
)
TOKENS = {
    "accessTokenLifespan": 300,
    "defaultSignatureAlgorithm": "RS256",
    "offlineSessionMaxLifespanEnabled": True,
    "refreshTokenMaxReuse": 1,
    "revokeRefreshToken": True,
}


def client(realm: Json, client_id: str) -> Json:
    return next(client for client in realm["clients"] if client["clientId"] == client_id)


def provider(realm: Json, alias: str) -> Json:
    return next(provider for provider in realm["identityProviders"] if provider["alias"] == alias)


def flow(realm: Json, alias: str) -> Json:
    return next(flow for flow in realm["authenticationFlows"] if flow["alias"] == alias)


def steps(realm: Json, alias: str) -> Iterator[tuple[str, str]]:
    for step in flow(realm, alias)["authenticationExecutions"]:
        yield step.get("authenticator") or step["flowAlias"], step["requirement"]


@pytest.mark.parametrize(
    "parent", ["spotmusic browser", "spotmusic after provider", "spotmusic new password"]
)
def test_second_factor_is_required_for_staff(realm: Json, parent: str) -> None:
    configs = {config["alias"]: config["config"] for config in realm["authenticatorConfig"]}
    staff, others = flow(realm, f"{parent} staff"), flow(realm, f"{parent} others")
    assert configs[staff["authenticationExecutions"][0]["authenticatorConfig"]] == {
        "condUserRole": "staff",
        "negate": "false",
    }
    assert configs[others["authenticationExecutions"][0]["authenticatorConfig"]] == {
        "condUserRole": "staff",
        "negate": "true",
    }
    assert [step for step, _ in steps(realm, staff["alias"])] == [
        "conditional-user-role",
        "auth-otp-form",
    ]
    assert [step for step, _ in steps(realm, others["alias"])] == [
        "conditional-user-role",
        "conditional-user-configured",
        "auth-otp-form",
    ]


def test_password_login_checks_second_factor(realm: Json) -> None:
    assert realm["browserFlow"] == "spotmusic browser"
    assert dict(steps(realm, "spotmusic browser forms")) == {
        "auth-username-password-form": "REQUIRED",
        "spotmusic browser staff": "CONDITIONAL",
        "spotmusic browser others": "CONDITIONAL",
    }


def test_provider_login_checks_second_factor(realm: Json) -> None:
    assert {found["postBrokerLoginFlowAlias"] for found in realm["identityProviders"]} == {
        "spotmusic after provider"
    }
    first, *_ = steps(realm, "spotmusic after provider")
    assert first == (
        "allow-access-authenticator",
        "REQUIRED",
    )  # otherwise Keycloak denies users without a second factor


def test_new_password_checks_second_factor(realm: Json) -> None:
    assert realm["resetCredentialsFlow"] == "spotmusic new password"
    assert list(steps(realm, "spotmusic new password")) == [
        ("reset-credentials-choose-user", "REQUIRED"),
        ("reset-credential-email", "REQUIRED"),
        ("reset-password", "REQUIRED"),
        ("spotmusic new password staff", "CONDITIONAL"),
        ("spotmusic new password others", "CONDITIONAL"),
    ]


def test_login_subflows_have_one_parent(realm: Json) -> None:
    children = [
        step["flowAlias"]
        for found in realm["authenticationFlows"]
        for step in found["authenticationExecutions"]
        if step["authenticatorFlow"]
    ]
    assert len(set(children)) == len(children)
    assert set(children) == {
        found["alias"] for found in realm["authenticationFlows"] if not found["topLevel"]
    }


def test_internal_roles_include_staff(realm: Json) -> None:
    composites = {
        role["name"]: role.get("composites", {}).get("realm", [])
        for role in realm["roles"]["realm"]
    }
    assert "staff" in composites["curator"]
    assert all(
        role["composites"]["realm"] == ["staff"] for role in realm["roles"]["client"]["grafana"]
    )
    assert {role["name"] for role in realm["roles"]["client"]["grafana"]} == {
        "admin",
        "editor",
        "viewer",
    }


def test_default_role_includes_listener(realm: Json) -> None:
    default_role = next(
        role for role in realm["roles"]["realm"] if role["name"] == "default-roles-spotmusic"
    )
    assert "listener" in default_role["composites"]["realm"]


def test_realm_bounds_tokens(realm: Json) -> None:
    assert realm.items() >= TOKENS.items()


def test_grafana_roles_are_in_userinfo(realm: Json) -> None:
    (mapper,) = client(realm, "grafana")["protocolMappers"]
    assert mapper["config"]["userinfo.token.claim"] == mapper["config"]["id.token.claim"] == "true"


def test_player_tokens_have_web_api_audience(realm: Json) -> None:
    for name in LISTENERS_CLIENTS:
        (mapper,) = client(realm, name)["protocolMappers"]
        assert mapper["config"]["included.custom.audience"] == AUDIENCE == "web-api"
    assert {mapping["client"] for mapping in realm["scopeMappings"]} == set(LISTENERS_CLIENTS)


def test_web_origins_contain_localhost_only() -> None:
    local: Json = Realm(
        name="spotmusic",
        web_redirects=["https://spotmusic.example/callback", "http://localhost:5173/callback"],
    ).to_representation()
    assert client(local, "web")["webOrigins"] == ["http://localhost:5173"]
    found = client(local, "web")["attributes"]["post.logout.redirect.uris"]
    assert found == "http://localhost:5173/##https://spotmusic.example/"


def test_identity_provider_signature_is_verified(realm: Json) -> None:
    club = provider(realm, "music-club")
    assert club["config"]["clientSecret"] == "$(env:PROVIDER_MUSIC_CLUB_SECRET)"
    assert (
        club["config"].items()
        >= {**CLUB, "validateSignature": "true", "pkceMethod": "S256"}.items()
    )
    assert club["trustEmail"] is False
    assert provider(realm, "google")["config"] == {
        "clientId": "g",
        "clientSecret": "$(env:PROVIDER_GOOGLE_SECRET)",
        "syncMode": "IMPORT",
    }


def test_realm_variables_have_secrets(realm: Json) -> None:
    assert FULL.variables == {
        "SMTP_USERNAME": ("arn:mail", "username"),
        "SMTP_PASSWORD": ("arn:mail", "password"),
        "PROVIDER_GOOGLE_SECRET": ("arn:google", "client_secret"),
        "PROVIDER_MUSIC_CLUB_SECRET": ("arn:club", "client_secret"),
    }
    assert {
        name
        for name in (*FULL.variables, "GRAFANA_CLIENT_SECRET")
        if f"$(env:{name})" not in str(realm)
    } == set()


def test_realm_without_options_is_closed() -> None:
    small: Json = Realm(
        name="spotmusic", web_redirects=["https://spotmusic.example/callback"]
    ).to_representation()
    assert (
        small["verifyEmail"]
        is small["resetPasswordAllowed"]
        is small["registrationAllowed"]
        is False
    )
    assert "smtpServer" not in small
    assert [found["clientId"] for found in small["clients"]] == ["web", "mobile", "admin-cli"]
    assert "client" not in small["roles"]


@pytest.mark.parametrize(("required", "expected"), [(True, "all"), (False, "none")])
def test_realm_requires_tls_by_default(required: bool, expected: str) -> None:
    found = Realm(name="spotmusic", tls_required=required).to_representation()["sslRequired"]
    assert found == expected


def test_administrators_need_a_second_factor() -> None:
    master = administrators()
    assert master["browserFlow"] == "spotmusic administrators"
    assert dict(steps(master, "spotmusic administrators forms")) == {
        "auth-username-password-form": "REQUIRED",
        "auth-otp-form": "REQUIRED",
    }


def test_console_login_uses_forwarded_port(realm: Json) -> None:
    master: Json = administrators()
    (hostname,) = (
        variable["value"]
        for variable in environment("https://x.example", "10.0.0.0/8")
        if variable["name"] == "KC_HOSTNAME_ADMIN"
    )
    assert master["attributes"]["frontendUrl"] == hostname
    assert "frontendUrl" not in realm["attributes"]


@REALMS
def test_realms_retain_admin_events_for_year(found: Json) -> None:
    assert int(found["attributes"]["adminEventsExpiration"]) >= 365 * DAY


@REALMS
def test_realm_schema_accepts_own_realms(found: Json) -> None:
    assert problems("realm", found) == []


BROKEN: dict[str, tuple[Callable[[Json], object], str]] = {
    "a wrong key": (
        lambda r: r.update(bruteForceProtectd=True),
        "document: Additional properties are not allowed ('bruteForceProtectd' was unexpected)",
    ),
    "a wrong key of a client": (
        lambda r: r["clients"][0].update(redirectUri="x"),
        "clients[web]: Additional properties are not allowed ('redirectUri' was unexpected)",
    ),
    "an open redirect": (
        lambda r: r["clients"][0]["redirectUris"].append("*"),
        (
            "clients[web].redirectUris[1]: an open redirect: "
            "a code could reach another site. Name one exact https address"
        ),
    ),
    "a wildcard": (
        lambda r: r["clients"][0].update(redirectUris=["https://spotmusic.example/*"]),
        "clients[web].redirectUris[0]: an open redirect",
    ),
    "a redirect in clear": (
        lambda r: r["clients"][1].update(redirectUris=["http://spotmusic.example/x"]),
        "clients[mobile].redirectUris[0]: an open",
    ),
    "a scheme that any app may claim": (
        lambda r: r["clients"][1].update(redirectUris=["spotmusic:/x"]),
        "clients[mobile].redirectUris[0]: an open",
    ),
    "any origin": (
        lambda r: r["clients"][0].update(webOrigins=["+"]),
        "clients[web].webOrigins[0]: any site could read what the realm answers.",
    ),
    "a logout to anywhere": (
        lambda r: r["clients"][0]["attributes"].update({"post.logout.redirect.uris": "+"}),
        "clients[web].attributes.post.logout.redirect.uris: a logout could lead anywhere.",
    ),
    "a client without PKCE": (
        lambda r: r["clients"][0]["attributes"].pop("pkce.code.challenge.method"),
        (
            "clients[web].attributes: an intercepted code would be valid. "
            "Set pkce.code.challenge.method to S256"
        ),
    ),
    "a plain proof": (
        lambda r: r["clients"][0]["attributes"].update({"pkce.code.challenge.method": "plain"}),
        (
            "clients[web].attributes.pkce.code.challenge.method: "
            "plain proves nothing to who saw the request. Use S256."
        ),
    ),
    "a client that sees passwords": (
        lambda r: r["clients"][0].update(directAccessGrantsEnabled=True),
        (
            "clients[web].directAccessGrantsEnabled: "
            "the client would receive passwords, without a second factor. Use false."
        ),
    ),
    "a command line that takes passwords": (
        lambda r: r["clients"].remove(client(r, "admin-cli")),
        "clients: Keycloak's client admin-cli would take passwords without a second factor.",
    ),
    "a secret": (
        lambda r: client(r, "grafana").update(secret="hunter2"),
        "clients[grafana].secret: the realm must not contain a secret. Refer to it: $(env:NAME).",
    ),
    "a public client with a secret": (
        lambda r: r["clients"][0].update(secret="$(env:X)"),
        "clients[web]: every copy of the app would contain the secret. Omit it.",
    ),
    "short passwords": (
        lambda r: r.update(passwordPolicy="length(8)"),
        "passwordPolicy: passwords of less than twelve letters are guessed.",
    ),
    "records of three months": (
        lambda r: r.update(eventsExpiration=90 * DAY),
        "eventsExpiration: records of access are kept for six months",
    ),
    "Keycloak's own flow": (
        lambda r: r.update(browserFlow="browser"),
        "browserFlow: Keycloak's own flow accepts users without a second factor",
    ),
    "Keycloak's own way to a new password": (
        lambda r: r.update(resetCredentialsFlow="reset credentials"),
        "resetCredentialsFlow: Keycloak's own flow replaces a second factor by a link in a mail.",
    ),
    "a provider that is believed": (
        lambda r: r["identityProviders"][1]["config"].update(validateSignature="false"),
        ("identityProviders[music-club].config.validateSignature: anyone could forge an identity."),
    ),
    "mail in clear": (
        lambda r: r["smtpServer"].update(starttls="false"),
        'smtpServer: mail would travel in clear. Set starttls or ssl to "true".',
    ),
}


@pytest.mark.parametrize(("breaks", "expected"), BROKEN.values(), ids=BROKEN)
def test_realm_schema_names_the_problem(
    breaks: Callable[[Json], object], expected: str, realm: Json
) -> None:
    broken = copy.deepcopy(realm)
    breaks(broken)
    found = problems("realm", broken)
    assert [problem for problem in found if problem.startswith(expected)], found
