"""Kinesis: puts each event as a record into an Amazon Kinesis data stream.

Source: AWS service model of Kinesis (2013-12-02), `StreamName`.
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
            "Name of the data stream.",
            pattern=r"[A-Za-z0-9_.-]{1,128}",
            expected="1 to 128 letters, digits and _.-",
        ),
    ]


DESTINATION = api.Destination(
    slug="kinesis",
    name="Amazon Kinesis",
    description="Puts each event as a record into a data stream.",
    settings=Settings,
)
