"""What the destinations at AWS share: settings, credentials, calls, checks, what errors mean.

Source: AWS service models of STS (AssumeRole: `RoleArn`, `ExternalId` of 2 to 1,224 characters),
IAM (SimulatePrincipalPolicy), Kinesis and Firehose.
"""

from tailrace.destinations.aws.account import (
    EXTERNAL_ID_EXPECTED,
    EXTERNAL_ID_PATTERN,
    REGION_PATTERN,
    ROLE_EXPECTED,
    ROLE_PATTERN,
    Account,
    partition_of,
)
from tailrace.destinations.aws.answers import in_groups, outcomes_of
from tailrace.destinations.aws.checks import Looked, checked
from tailrace.destinations.aws.client import LANES, TIMEOUT_S, Client, Refusal, client_of

__all__ = [
    "EXTERNAL_ID_EXPECTED",
    "EXTERNAL_ID_PATTERN",
    "LANES",
    "REGION_PATTERN",
    "ROLE_EXPECTED",
    "ROLE_PATTERN",
    "TIMEOUT_S",
    "Account",
    "Client",
    "Looked",
    "Refusal",
    "checked",
    "client_of",
    "in_groups",
    "outcomes_of",
    "partition_of",
]
