"""ElastiCache users, each limited to the keys under its own prefix."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.secrets.generated_secret import GeneratedSecret

ENGINE = "redis"
"""Engine of users and group. ElastiCache accepts Redis users for Valkey too, so a change of engine
keeps the users."""

_RULES = (
    "+@all -@admin -@dangerous "
    # SCAN and RANDOMKEY reveal keys of other users, and a session key is a credential. @dangerous
    # includes KEYS.
    "-scan -randomkey "
    # Functions are global: a user could overwrite those of another.
    "-function "
    # Clients send INFO at start to check that the server has loaded its data.
    "+info"
)


def access_string(prefix: str) -> str:
    """Return the ACL of a user: ordinary commands on keys and channels under its prefix.

    Args:
        prefix: prefix of its keys, without the colon.
    """
    return f"on resetchannels ~{prefix}:* &{prefix}:* -@all {_RULES}"


class CacheUsers(Construct):
    """ElastiCache users with generated passwords, and a disabled `default` user.

    Creates a secret `{"username", "password", "user_id"}` and an ElastiCache user for each name, a
    disabled `default` user without rights, and the user group for a replication group. Passwords
    are dynamic references, so templates contain none.

    Args:
        prefixes: prefix of the keys by user name, such as `{"playback": "playback", "kong":
            "ratelimit"}`.
        key: customer-managed key of the data class "secrets".
        removal_policy: policy of the secrets when their stack is deleted.

    Example:
        users = CacheUsers(self, "Users", prefixes={"playback": "playback"}, key=keys.secrets)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefixes: Mapping[str, str],
        key: kms.IKey,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        self._suffix = cdk.Names.unique_id(self)[-8:]
        users = [self._default_user()]
        self.generated: list[GeneratedSecret] = []
        secrets: dict[str, secretsmanager.ISecret] = {}
        for name, prefix in prefixes.items():
            secret = self._secret(name, key, removal_policy)
            self.generated.append(secret)
            secrets[name] = secret.secret
            users.append(self._user(name, prefix, secret.arn))
        self.secrets: Mapping[str, secretsmanager.ISecret] = secrets
        self.arns = [user.attr_arn for user in users[1:]]
        self.group = elasticache.CfnUserGroup(
            self,
            "Group",
            engine=ENGINE,
            user_group_id=self._id("group"),
            user_ids=[user.ref for user in users],
        )

    def _default_user(self) -> elasticache.CfnUser:
        return elasticache.CfnUser(
            self,
            "default",
            engine=ENGINE,
            user_id=self._id("default"),
            user_name="default",
            access_string="off -@all",
            no_password_required=True,
        )

    def _secret(
        self, name: str, key: kms.IKey, removal_policy: cdk.RemovalPolicy
    ) -> GeneratedSecret:
        return GeneratedSecret(
            self,
            f"{name}-secret",
            key=key,
            description=f"Cache user {name}",
            username=name,
            fields={"user_id": self._id(name)},
            removal_policy=removal_policy,
        )

    def _user(self, name: str, prefix: str, secret_arn: str) -> elasticache.CfnUser:
        return elasticache.CfnUser(
            self,
            name,
            engine=ENGINE,
            user_id=self._id(name),
            user_name=name,
            access_string=access_string(prefix),
            passwords=[f"{{{{resolve:secretsmanager:{secret_arn}:SecretString:password::}}}}"],
        )

    def _id(self, name: str) -> str:
        """ID that ElastiCache requires: unique in account and region, at most 40 characters."""
        return f"{name}-{self._suffix}".lower()
