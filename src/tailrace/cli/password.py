"""`password`: set a member's password, whether Tailrace runs or not."""

import getpass
import sys
from typing import Annotated

import typer

from tailrace.cli.common import AsJson, ConfigFile, DataDir, fail, load, print_json
from tailrace.config import Config
from tailrace.control import check_database
from tailrace.errors import ChangeError

ACTOR = "local"
_LINE_MAX = 10_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace password ada@example.com")(password)


def password(
    email: Annotated[
        str | None, typer.Argument(help="Whose password; the first owner's unless told.")
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for the password instead of making one.")
    ] = False,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Take the password from standard input, one line.")
    ] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Set a new password for a member, print it once, and end the member's sessions."""
    given = _given(ask=ask, stdin=stdin)
    config = load(data_dir, config_file)
    check_database(config)
    of_whom, made = _set(config, email, given)
    if as_json:
        print_json({"email": of_whom, **({"password": made} if made else {})}, is_line=True)
    elif made:
        print(f"{of_whom}\n{made}\nShown once. Every session of this member has ended.")
    else:
        print(f"{of_whom} has the new password. Every session of this member has ended.")


def _given(*, ask: bool, stdin: bool) -> str | None:
    """Return the password that a person or a script gives; None where one is to be made."""
    if ask:
        first = getpass.getpass("New password: ")
        if getpass.getpass("Again: ") != first:
            fail("The two are not the same.", status=2)
        return first
    return sys.stdin.readline(_LINE_MAX).removesuffix("\n") if stdin else None


def _set(config: Config, email: str | None, given: str | None) -> tuple[str, str | None]:
    """Set the password; return whose it is, and what it is where it was made."""
    from tailrace.control.accounts import Accounts
    from tailrace.control.changes import Changes
    from tailrace.control.database import open_engine
    from tailrace.control.passwords import hash_password, new_password, require_good_password
    from tailrace.control.sessions import Sessions

    changes = Changes(open_engine(config))
    try:
        accounts = Accounts(changes, Sessions(changes))
        account = accounts.first_owner() if email is None else accounts.by_email(email)
        if account is None:
            who = "nobody is an owner yet" if email is None else f"{email} is no member"
            fail(f"{who}; `tailrace up` makes the first owner", status=2)
        made = new_password() if given is None else None
        if given is not None:
            require_good_password(given, email=account.email, name=account.name, field="password")
        accounts.set_password(account, hash_password(given or made or ""), actor=ACTOR)
    except ChangeError as error:
        fail(str(error), status=2)
    finally:
        changes.close()
    return account.email, made
