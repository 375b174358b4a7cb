"""How MySQL is set up: the parameters and the audit log."""

import aws_cdk as cdk
from aws_cdk import aws_rds as rds
from constructs import Construct

_PARAMETERS = {
    # "1", not "ON": checkers and the RDS console compare with what RDS itself writes.
    "require_secure_transport": "1",
    "tls_version": "TLSv1.2,TLSv1.3",
    # Keycloak's migrations add primary keys of their own (Keycloak server guide, database).
    "sql_generate_invisible_primary_key": "OFF",
    "local_infile": "0",
    "log_output": "FILE",
    "slow_query_log": "1",
    "long_query_time": "1",
    "innodb_print_all_deadlocks": "1",
    # Every statement with its values: personal data, and a disk that fills.
    "general_log": "0",
}
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
        parameters=_PARAMETERS,
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
