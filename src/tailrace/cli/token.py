"""`token`: replace the owner's API token."""

import typer

from tailrace.cli.common import AsJson, ConfigFile, DataDir, fail, load, print_json
from tailrace.config import STATE_NAME, reset_token


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace token")(token)


def token(
    data_dir: DataDir = None, config_file: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Make a new API token of the owner in place of the lost one; valid after the next start."""
    config = load(data_dir, config_file)
    if not (config.data_dir / STATE_NAME).exists():
        fail(f"{config.data_dir} has no token yet: `tailrace up` makes the first.", status=2)
    made = reset_token(config).reveal()
    if as_json:
        print_json({"token": made}, is_line=True)
    else:
        print(f"{made}\nShown once. The old token stops working when Tailrace is started again.")
