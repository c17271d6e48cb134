"""The Members page: who may sign in, as what, and who was invited to."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from people import PASSWORD, add_member, invite, sign_in_as, signed_in_elsewhere
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace, wait_until
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)

ADMIN = "admin@example.com"
MANY = 120
RETRIED_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def admin(running: Tailrace) -> None:
    add_member(running, ADMIN, role="admin", name="Ada Admin")


def row_of(app: Visit, text: str) -> Locator:
    return app.page.get_by_role("table", name="Members").get_by_role("row").filter(has_text=text)


def invites(app: Visit) -> Locator:
    return app.page.get_by_role("region", name="Invites")


def step(app: Visit, who: str, item: str) -> Locator:
    """Choose a step of a member's menu; return the dialog that it opens."""
    app.page.get_by_role("button", name=f"Actions for {who}").click()
    app.page.get_by_role("menuitem", name=item).click()
    return app.page.get_by_role("dialog")


def add_rows(tailrace: Tailrace, count: int) -> None:
    """Put members straight into the database: joining takes a quarter of a second each."""
    rows = [
        (f"mem_{number:024x}", f"many-{number:03}@example.com", f"Number {number}")
        for number in range(count)
    ]
    with sqlite3.connect(tailrace.data_dir / "control.sqlite") as database:
        database.executemany(
            "INSERT INTO members (id, email, name, role, version, created_at, updated_at) "
            "VALUES (?, ?, ?, 'viewer', 1, '2026-11-01 00:00:00', '2026-11-01 00:00:00')",
            rows,
        )
    database.close()


def test_from_an_invite_over_another_role_to_the_end_of_a_member(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN)
        page.get_by_role("link", name="Members").click()
        expect(row_of(app, "Ada Admin")).to_contain_text("You")
        page.get_by_role("button", name="Invite member").click()
        dialog = page.get_by_role("dialog", name="Invite a member")
        expect(dialog.get_by_label("Owner")).to_have_count(0)
        dialog.get_by_label("E-mail address").fill("Joan@Example.com")
        dialog.get_by_label("Editor").check()
        dialog.get_by_role("button", name="Make the link").click()
        link = dialog.locator("code").inner_text()
        expect(dialog).to_contain_text("joan@example.com can join with this link")
        expect(dialog).to_contain_text("in 7 days")
        page.mouse.click(5, 5)
        expect(dialog.get_by_role("button", name="Copy the invite link")).to_be_visible()
        dialog.get_by_role("button", name="Done").click()
        expect(invites(app)).to_contain_text("joan@example.com")
        expect(page.get_by_text(link.rpartition("=")[2])).to_have_count(0)

        with visit(browser, running) as joining:
            joining.page.goto(link)
            joining.page.get_by_label("Password", exact=True).fill(PASSWORD)
            joining.page.get_by_label("Your name").fill("Joan Clarke")
            joining.page.get_by_role("button", name="Join and sign in").click()
            expect(joining.page.get_by_role("navigation", name="Pages")).to_be_visible()
        page.reload()
        joan = row_of(app, "Joan Clarke")
        expect(joan).to_contain_text("Editor")
        expect(joan).to_contain_text("Password")

        dialog = step(app, "Joan Clarke", "Change role")
        dialog.get_by_label("Source only").check()
        dialog.get_by_role("button", name="Change role").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Choose at least one source")
        dialog.get_by_label("My app").check()
        dialog.get_by_role("button", name="Change role").click()
        expect(joan).to_contain_text("Source only")
        expect(joan).to_contain_text("default")

        with signed_in_elsewhere(running, "joan@example.com") as elsewhere:
            dialog = step(app, "Joan Clarke", "Sign out everywhere")
            dialog.get_by_role("button", name="Sign out everywhere").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
            wait_until(
                lambda: elsewhere.get("/api/v1/me").status_code == 401,
                what="end of the session",
                within_s=10.0,
            )

        dialog = step(app, "Joan Clarke", "Remove")
        expect(dialog).to_contain_text("API tokens end for good")
        dialog.get_by_role("button", name="Remove the member").click()
        expect(joan).to_have_count(0)


def test_a_reset_link_sets_a_new_password(running: Tailrace, browser: Browser) -> None:
    add_member(running, "forgetful@example.com", name="Forgetful")
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/members")
        dialog = step(app, "Forgetful", "Make a reset link")
        dialog.get_by_role("button", name="Make the link").click()
        link = dialog.locator("code").inner_text()
        expect(dialog).to_contain_text("Forgetful can set a new password with this link")

    with visit(browser, running) as using:
        using.page.goto(link)
        using.page.get_by_label("New password", exact=True).fill("another brook and stones")
        using.page.get_by_role("button", name="Set the password and sign in").click()
        expect(using.page.get_by_role("navigation", name="Pages")).to_be_visible()
    with signed_in_elsewhere(running, "forgetful@example.com", "another brook and stones"):
        pass


def test_an_invite_is_revoked_and_stays_among_the_former_ones(
    running: Tailrace, browser: Browser
) -> None:
    invite(running, "unwanted@example.com")
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/members")
        invites(app).get_by_role("button", name="Revoke the invite of unwanted@").click()
        dialog = app.page.get_by_role("dialog", name="Revoke this invite?")
        dialog.get_by_role("button", name="Revoke the invite").click()
        expect(invites(app).get_by_text("unwanted@example.com")).to_have_count(0)
        invites(app).get_by_role("button", name=re.compile(r"former invites?$")).click()
        former = invites(app).get_by_role("listitem").filter(has_text="unwanted@example.com")
        expect(former).to_contain_text("Revoked")


def test_what_the_server_refuses_is_said_where_it_was_asked(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN, "/members")
        expect(row_of(app, "Ada Admin")).to_be_visible()
        page.keyboard.press("n")
        dialog = page.get_by_role("dialog")
        page.keyboard.type("nonsense")
        page.keyboard.press("Enter")
        email = dialog.get_by_label("E-mail address")
        expect(email).to_have_attribute("aria-invalid", "true")
        expect(dialog).to_contain_text("such as ada@example.org")
        email.fill(ADMIN)
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text(f"{ADMIN} is a member already".capitalize())
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        app.forgive(409)


def test_the_last_owner_stays_an_owner(running: Tailrace, browser: Browser) -> None:
    owner = next(iter(running.get("/api/v1/members", role="owner")))
    with visit(browser, running) as app:
        app.sign_in("/members?role=owner")
        dialog = step(app, owner["name"] or owner["email"], "Change role")
        dialog.get_by_label("Viewer").check()
        dialog.get_by_role("button", name="Change role").click()
        expect(dialog).to_contain_text("is the last owner: make another member owner first")
        app.forgive(409)

    assert running.get("/api/v1/members", role="owner") == [owner]


def test_a_change_of_somebody_else_is_never_overwritten(
    running: Tailrace, browser: Browser
) -> None:
    member = add_member(running, "contested@example.com", name="Contested")
    path = f"/api/v1/members/{member}"
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/members")
        dialog = step(app, "Contested", "Change role")
        dialog.get_by_label("Admin").check()
        theirs = {"role": "editor"}
        assert running.api.patch(path, json=theirs, headers={"If-Match": "*"}).status_code == 200
        dialog.get_by_role("button", name="Change role").click()
        expect(dialog).to_contain_text("Somebody else changed this member")
        dialog.get_by_role("button", name="Load the new state").click()
        expect(dialog.get_by_label("Editor")).to_be_checked()
        app.forgive(412)

    assert running.get(path)["role"] == "editor"


def test_nobody_is_offered_what_they_may_not_do(running: Tailrace, browser: Browser) -> None:
    add_member(running, "looker@example.com", role="viewer")
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/members")
        owner = next(iter(running.get("/api/v1/members", role="owner")))
        expect(row_of(app, owner["email"])).to_be_visible()
        expect(row_of(app, owner["email"]).get_by_role("button")).to_have_count(0)
        app.page.get_by_role("button", name="Actions for Ada Admin").click()
        expect(app.page.get_by_role("menuitem", name="Your account")).to_be_visible()
        expect(app.page.get_by_role("menuitem", name="Remove")).to_have_count(0)
    with visit(browser, running) as app:
        sign_in_as(app, "looker@example.com")
        expect(app.page.get_by_role("link", name="Members")).to_have_count(0)
        app.open("/members")
        expect(app.page.get_by_role("main")).to_contain_text("You may not see Members")


def test_many_members_come_page_by_page_and_are_found_by_name_and_role(
    stoppable: Tailrace, browser: Browser
) -> None:
    add_rows(stoppable, MANY)
    everybody = MANY + len(stoppable.get("/api/v1/members", role="owner"))
    with visit(browser, stoppable) as app:
        app.sign_in("/members")
        rows = app.page.get_by_role("table", name="Members").get_by_role("row")
        expect(rows).to_have_count(101)
        app.page.get_by_role("button", name="Show more members").click()
        expect(rows).to_have_count(1 + everybody)

        app.page.keyboard.press("/")
        app.page.keyboard.type("number 11")
        expect(rows).to_have_count(1 + 11)
        app.page.get_by_label("Role", exact=True).select_option("Admin")
        expect(app.page.get_by_text("No member matches")).to_be_visible()
        assert app.page.url.endswith("/members?q=number+11&role=admin")
        app.page.get_by_role("button", name="Show all members").click()
        expect(rows).to_have_count(1 + everybody)


def test_a_control_database_that_is_away_is_told_and_asked_again(
    stoppable: Tailrace, browser: Browser
) -> None:
    database = stoppable.data_dir / "control.sqlite"
    away = database.with_name("away")
    with visit(browser, stoppable) as app:
        app.sign_in("/settings")
        expect(app.page.get_by_role("heading", name="Settings")).to_be_visible()
        database.rename(away)
        app.page.get_by_role("link", name="Members").click()
        expect(app.page.get_by_role("alert").first).to_be_visible(timeout=RETRIED_MS)
        away.rename(database)
        app.page.get_by_role("button", name="Try again").last.click()
        expect(app.page.get_by_role("table", name="Members")).to_be_visible(timeout=RETRIED_MS)
        app.forgive(503)


def test_a_member_is_invited_and_the_invite_revoked_by_keyboard_alone(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN)
        page.keyboard.press("g")
        page.keyboard.press("m")
        expect(row_of(app, "Ada Admin")).to_be_visible()
        page.keyboard.press("n")
        page.keyboard.type("keys@example.com")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Done")).to_be_focused()
        page.keyboard.press("Enter")
        revoke = invites(app).get_by_role("button", name="Revoke the invite of keys@example.com")
        revoke.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(revoke).to_have_count(0)

    made = [each for each in running.get("/api/v1/invites") if each["email"] == "keys@example.com"]
    assert [(each["role"], each["state"]) for each in made] == [("editor", "revoked")]


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_members_and_their_dialogs_are_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    name = f"Somebody whose name is longer than a phone is wide, {scheme} {size[0]}"
    add_member(
        running,
        f"{scheme}-{size[0]}@example.com",
        role="source-only",
        name=name,
        sources=["default"],
    )
    invite(running, f"invited-{scheme}-{size[0]}@example.com")
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        page = app.page
        sign_in_as(app, ADMIN, "/members")
        expect(row_of(app, name)).to_be_visible()
        expect(invites(app)).to_be_visible()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        for item in ("Change role", "Make a reset link", "Sign out everywhere", "Remove"):
            expect(step(app, name, item).get_by_role("button").first).to_be_visible()
            expect(page.get_by_role("menuitem")).to_have_count(0)
            assert app.violations() == [], item
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
        for button in ("Invite member", "About roles"):
            page.get_by_role("button", name=button).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            assert app.violations() == [], button
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
