"""The secret key is rotated while everything runs, and no signed call is refused for it."""

import base64
import hmac
import json
import stat
import threading

import httpx
from running import Tailrace, wait_until

SECRET = "planted-webhook-secret"
BODY = b'{"type":"track","event":"Signed","userId":"u-1"}'


def signed_call(tailrace: Tailrace, key: str, secret: str) -> int:
    """Return the status of a webhook call signed with a secret."""
    signature = hmac.new(secret.encode(), BODY, "sha1").hexdigest()
    return httpx.post(
        f"{tailrace.collect_url}/v1/webhook/{key}",
        content=BODY,
        headers={"X-Signature": signature, "Content-Type": "application/json"},
        trust_env=False,
    ).status_code


def make_hook(tailrace: Tailrace, slug: str) -> str:
    response = tailrace.api.post(
        "/api/v1/sources", json={"slug": slug, "kind": "webhook", "webhook_secret": SECRET}
    )
    assert response.status_code == 201, response.text
    key: str = response.json()["write_keys"][0]
    wait_until(
        lambda: signed_call(tailrace, key, SECRET) == 200, what=f"{slug} is taken", within_s=10.0
    )
    return key


def rotate(tailrace: Tailrace) -> dict[str, str]:
    done = tailrace.run("rotate-key", "--json")
    assert done.returncode == 0, done.stderr
    rotated: dict[str, str] = json.loads(done.stdout)
    return rotated


def test_a_rotation_under_load_refuses_no_signed_call(fresh: Tailrace) -> None:
    key = make_hook(fresh, "hook")
    path = fresh.data_dir / "secret.key"
    [old] = path.read_text().split()
    statuses: list[int] = []
    stop = threading.Event()

    def call() -> None:
        while not stop.is_set():
            statuses.append(signed_call(fresh, key, SECRET))

    load = threading.Thread(target=call)
    load.start()
    first = rotate(fresh)
    second = rotate(fresh)
    later = make_hook(fresh, "later")
    stop.set()
    load.join()

    assert set(statuses) == {200}
    assert second["before"] == first["after"]
    keys = path.read_text().split()
    assert len(keys) == 3
    assert keys[-1] == old
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signed_call(fresh, later, SECRET) == 200
    assert signed_call(fresh, later, "another secret") == 401
    assert fresh.api.get("/readyz").json()["checks"]["control"] == "ok"


def test_old_keys_are_forgotten_and_a_restart_needs_only_the_new_one(fresh: Tailrace) -> None:
    key = make_hook(fresh, "hook")
    rotated = rotate(fresh)

    forgotten = fresh.run("rotate-key", "--forget-old")
    fresh.stop()
    fresh.start()

    assert forgotten.stdout == "Old keys taken out: 1.\n"
    [kept] = (fresh.data_dir / "secret.key").read_text().split()
    assert len(base64.urlsafe_b64decode(kept + "=")) == 32
    assert signed_call(fresh, key, SECRET) == 200
    assert f"sealed with the key {rotated['after']}" not in fresh.output.read_text()
    doctor = fresh.run("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout


def test_keys_of_the_environment_are_not_rotated_by_the_command(fresh: Tailrace) -> None:
    given = (fresh.data_dir / "secret.key").read_text().strip()

    fresh.environ = {**fresh.environ, "TAILRACE_SECRET_KEY": given}
    refused = fresh.run("rotate-key")

    assert refused.returncode == 2
    assert "put one before the old" in refused.stderr
    assert given not in refused.stderr
