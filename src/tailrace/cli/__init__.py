"""The command `tailrace`: one verb per subcommand, thin over the packages it calls.

Exit status: 0 done, 1 failed, 2 wrong use (arguments or settings). `--json` prints for scripts.
"""

import sys

import typer

from tailrace.cli import (
    audit,
    bench,
    demo,
    destination,
    doctor,
    password,
    query,
    replay,
    rotate_key,
    run,
    send,
    tail,
    token,
    trace,
    workspace,
)
from tailrace.cli.common import fail
from tailrace.errors import ConfigError, QueryError, TailraceError

USAGE_STATUS = 2

app = typer.Typer(
    name="tailrace",
    help="Self-hosted event pipeline with the analytics built in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for module in (
    run,
    send,
    tail,
    query,
    replay,
    trace,
    audit,
    doctor,
    demo,
    bench,
    token,
    password,
    rotate_key,
    workspace,
    destination,
):
    module.register(app)


def main() -> None:
    """Run the command line; errors of ours become one message and a status."""
    try:
        app()
    except (ConfigError, QueryError) as error:
        fail(str(error), status=USAGE_STATUS)
    except TailraceError as error:
        fail(str(error), status=1)
    except KeyboardInterrupt:
        sys.exit(130)
