"""Login flows: a second factor, required for staff and for users with a registered one."""

BROWSER = "spotmusic browser"
AFTER_PROVIDER = "spotmusic after provider"
RESET = "spotmusic new password"
ADMINISTRATORS = "spotmusic administrators"

Flow = dict[str, object]
Execution = dict[str, object]


def representation(staff_role: str) -> dict[str, object]:
    """Return the flows of the realm, with those in use for logins and for new passwords."""
    flows = [
        _flow(
            BROWSER,
            "Existing session, external provider, or name and password with a second factor",
            _execution("auth-cookie", "ALTERNATIVE", 10),
            _execution("identity-provider-redirector", "ALTERNATIVE", 20),
            _below(f"{BROWSER} forms", "ALTERNATIVE", 30),
            top=True,
        ),
        _flow(
            f"{BROWSER} forms",
            "Name and password, then the second factor",
            _execution("auth-username-password-form", "REQUIRED", 10),
            *_second_factor(BROWSER),
        ),
        *_second_factor_flows(BROWSER),
        _flow(
            AFTER_PROVIDER,
            "Second factor after an external login, whatever the provider required",
            # Without a required step, Keycloak fails a flow when its conditions do not hold.
            _execution("allow-access-authenticator", "REQUIRED", 10),
            *_second_factor(AFTER_PROVIDER),
            top=True,
        ),
        *_second_factor_flows(AFTER_PROVIDER),
        _flow(
            RESET,
            "Link by mail, second factor, new password",
            _execution("reset-credentials-choose-user", "REQUIRED", 5),
            _execution("reset-credential-email", "REQUIRED", 10),
            # Keycloak asks for the new password after the flow.
            _execution("reset-password", "REQUIRED", 15),
            *_second_factor(RESET),
            top=True,
        ),
        *_second_factor_flows(RESET),
    ]
    conditions = [
        {"alias": f"{parent} {who}", "config": {"condUserRole": staff_role, "negate": negate}}
        for parent in (BROWSER, AFTER_PROVIDER, RESET)
        for who, negate in (("is staff", "false"), ("is not staff", "true"))
    ]
    return {
        "browserFlow": BROWSER,
        # Keycloak's own flow replaces the second factor: a mailbox would be enough
        # (keycloak/keycloak issue 12759).
        "resetCredentialsFlow": RESET,
        "authenticationFlows": flows,
        "authenticatorConfig": conditions,
    }


def administrators() -> dict[str, object]:
    """Return the flow of the master realm, which requires a second factor."""
    return {
        "browserFlow": ADMINISTRATORS,
        "authenticationFlows": [
            _flow(
                ADMINISTRATORS,
                "Existing session, or name, password and second factor",
                _execution("auth-cookie", "ALTERNATIVE", 10),
                _below(f"{ADMINISTRATORS} forms", "ALTERNATIVE", 20),
                top=True,
            ),
            _flow(
                f"{ADMINISTRATORS} forms",
                "Name and password, then the second factor, which is set up at the first login",
                _execution("auth-username-password-form", "REQUIRED", 10),
                _execution("auth-otp-form", "REQUIRED", 20),
            ),
        ],
    }


def _second_factor(parent: str) -> tuple[Execution, Execution]:
    return _below(f"{parent} staff", "CONDITIONAL", 20), _below(
        f"{parent} others", "CONDITIONAL", 30
    )


def _second_factor_flows(parent: str) -> tuple[Flow, Flow]:
    """Alternative flows below a parent; Keycloak rejects flows with two parents (409)."""
    staff = _flow(
        f"{parent} staff",
        "Staff without a second factor set one up",
        _execution("conditional-user-role", "REQUIRED", 10, config=f"{parent} is staff"),
        _execution("auth-otp-form", "REQUIRED", 20),
    )
    others = _flow(
        f"{parent} others",
        "Listeners with a second factor use it",
        _execution("conditional-user-role", "REQUIRED", 10, config=f"{parent} is not staff"),
        _execution("conditional-user-configured", "REQUIRED", 20),
        _execution("auth-otp-form", "REQUIRED", 30),
    )
    return staff, others


def _flow(alias: str, description: str, *executions: Execution, top: bool = False) -> Flow:
    return {
        "alias": alias,
        "description": description,
        "providerId": "basic-flow",
        "topLevel": top,
        "builtIn": False,
        "authenticationExecutions": list(executions),
    }


def _execution(
    authenticator: str, requirement: str, priority: int, *, config: str | None = None
) -> Execution:
    configured = {"authenticatorConfig": config} if config else {}
    return {
        "authenticator": authenticator,
        "authenticatorFlow": False,
        "requirement": requirement,
        "priority": priority,
        **configured,
    }


def _below(alias: str, requirement: str, priority: int) -> Execution:
    return {
        "flowAlias": alias,
        "authenticatorFlow": True,
        "requirement": requirement,
        "priority": priority,
    }
