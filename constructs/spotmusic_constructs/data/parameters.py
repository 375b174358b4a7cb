"""Engine parameters of databases and cache, without CDK imports so that tools can load them."""

MYSQL = {
    # "1", not "ON": checkers and the RDS console compare with the value that RDS writes.
    "require_secure_transport": "1",
    "tls_version": "TLSv1.2,TLSv1.3",
    # Keycloak's migrations add primary keys of their own (Keycloak server guide, database).
    "sql_generate_invisible_primary_key": "0",
    "local_infile": "0",
    "log_output": "FILE",
    "slow_query_log": "1",
    "long_query_time": "1",
    "innodb_print_all_deadlocks": "1",
    # Every statement with its values: personal data, and a disk that fills.
    "general_log": "0",
}
"""Parameters of RDS for MySQL, by name."""

CACHE = {
    # Evict the least recently used keys that have a TTL. All sessions and counters have one.
    "maxmemory-policy": "volatile-lru",
    # For copies and failover (ElastiCache user guide, managing reserved memory: 25 for nodes with
    # snapshots).
    "reserved-memory-percent": "25",
}
"""Parameters of ElastiCache, by name."""
