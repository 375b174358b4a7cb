"""How MySQL is set up: the parameters and the audit log."""

import aws_cdk as cdk
from aws_cdk import aws_rds as rds
from constructs import Construct

from spotmusic_constructs.data.parameters import MYSQL

_AUDIT = {
    # Who came, and who changed schema or rights. Queries would put listeners' data into logs.
    "SERVER_AUDIT_EVENTS": "CONNECT,QUERY_DDL,QUERY_DCL",
    # RDS's own user connects all the time.
    "SERVER_AUDIT_EXCL_USERS": "rdsadmin",
}


def mysql_parameter_group(scope: Construct, engine: rds.IInstanceEngine, removal_policy: cdk.RemovalPolicy) -> rds.ParameterGroup:
    """Makes the parameter group: TLS only, slow queries and deadlocks logged, statements not."""
    return rds.ParameterGroup(
        scope,
        "ParameterGroup",
        engine=engine,
        description="TLS only; slow queries and deadlocks are logged",
        parameters=MYSQL,
        removal_policy=removal_policy,
    )


def mysql_option_group(scope: Construct, engine: rds.IInstanceEngine, removal_policy: cdk.RemovalPolicy) -> rds.OptionGroup:
    """Makes the option group with the audit plugin, which RDS offers for every 8.4 (RDS user guide, options for MySQL, read 2026-11)."""
    group = rds.OptionGroup(
        scope,
        "OptionGroup",
        engine=engine,
        description="Audit log of connections and of changes to schema and rights",
        configurations=[rds.OptionConfiguration(name="MARIADB_AUDIT_PLUGIN", settings=_AUDIT)],
    )
    group.apply_removal_policy(removal_policy)
    return group
