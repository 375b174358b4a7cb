"""The embedded AWS: the real CDK CLI deploys the eight stacks to an AWS that runs inside the process tree, on loopback.

The emulator's engine is ministack, pinned exactly, because this package replaces some of its private names (a contract test
imports every one of them). What it lacks is added here: resource types by the service's own API where one exists, and otherwise
as a record that was checked against CloudFormation's provider schema. Records are counted apart and named in the summary.
"""

ACCOUNT = "000000000000"
"""The account of the embedded AWS, which stands in for an environment's own: AWS gives nobody this number."""
