"""Roles and permissions: each includes what it should, and the guide says the same."""

import re
from itertools import pairwise
from pathlib import Path

from tailrace.control.permissions import PERMISSIONS, PERMISSIONS_OF, ROLES

GUIDE = Path(__file__).parents[3] / "docs" / "api.md"


def test_a_role_may_all_that_lesser_ones_may() -> None:
    for greater, lesser in pairwise(ROLES[:4]):
        assert PERMISSIONS_OF[greater] > PERMISSIONS_OF[lesser]
    assert PERMISSIONS_OF["editor"] > PERMISSIONS_OF["source-only"]


def test_the_guide_says_what_each_role_may() -> None:
    lines = [
        line for line in GUIDE.read_text().splitlines() if re.match(r"\| `\w+:\w+`|\| `acc", line)
    ]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    said = {
        (role, permission)
        for named, _, *of_roles in cells
        for permission in re.findall(r"`([^`]+)`", named)
        for role, text in zip(ROLES, of_roles, strict=True)
        if text
    }

    assert said == {(role, one) for role in ROLES for one in PERMISSIONS_OF[role]}
    assert {permission for _, permission in said} == PERMISSIONS
