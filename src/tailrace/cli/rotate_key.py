"""`rotate-key`: seal all secrets with a new key, while everything runs."""

from typing import Annotated

import typer

from tailrace.cli.common import AsJson, ConfigFile, DataDir, load, print_json

ForgetOld = Annotated[
    bool,
    typer.Option(
        "--forget-old",
        help="Instead: take the old keys out of the key file. Backups that they sealed then give "
        "no secrets back.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="rotate-key", epilog="Example: tailrace rotate-key")(rotate_key)


def rotate_key(
    forget_old: ForgetOld = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Seal all secrets with a new key; running parts go on with it at once."""
    from tailrace.control import rotation

    config = load(data_dir, config_file)
    if forget_old:
        forgotten = rotation.forget_old_keys(config)
        if as_json:
            print_json({"forgotten": forgotten}, is_line=True)
        else:
            print(f"Old keys taken out: {forgotten}.")
        return
    rotated = rotation.rotate_key(config)
    if as_json:
        print_json({"before": rotated.before, "after": rotated.after}, is_line=True)
    else:
        print(
            f"All secrets are now sealed with the key {rotated.after}, no more with "
            f"{rotated.before}.\n"
            "Keep a copy of the key file apart from the database's backups. The old key stays in "
            "it for backups from before;\n`tailrace rotate-key --forget-old` takes it out."
        )
