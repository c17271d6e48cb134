"""Firehose: puts each event as a record into an Amazon Data Firehose stream.

Source: AWS service model of Firehose (2015-08-04), `DeliveryStreamName`.
"""

from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api, aws


@dataclass(frozen=True, kw_only=True)
class Settings(aws.Account):
    """Which stream."""

    stream_name: Annotated[
        str,
        api.Setting(
            "Name of the Firehose stream.",
            pattern=r"[A-Za-z0-9_.-]{1,64}",
            expected="1 to 64 letters, digits and _.-",
        ),
    ]


DESTINATION = api.Destination(
    slug="firehose",
    name="Amazon Data Firehose",
    description="Puts each event as a line of JSON into a Firehose stream.",
    settings=Settings,
)
