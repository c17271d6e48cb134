"""Members of a workspace file."""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tailrace.control.members import Members
from tailrace.control.models import MemberRow
from tailrace.control.people import MemberChange, MemberDraft, email_of, role_of
from tailrace.control.permissions import ROLES
from tailrace.control.workspace_file.reading import Path
from tailrace.control.workspace_file.shapes import FileMember
from tailrace.control.workspace_file.work import Work, without_defaults

_DEFAULTS: Final[Mapping[str, object]] = {"name": "", "sources": None}

IsSource = Callable[[str], bool]


class MembersPart:
    """Compares members, makes them like the file's, and writes them down."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def exported(self, session: Session, *, is_source: IsSource) -> dict[str, dict[str, object]]:
        """Return the members as a file has them, by their e-mails."""
        return {
            email: without_defaults(_current(row, is_source=is_source), _DEFAULTS)
            for email, row in _rows(session).items()
        }

    def apply_in(
        self, work: Work, wanted: Mapping[str, FileMember], *, is_source: IsSource
    ) -> None:
        """Make and change the members that the file names; remove others where it may."""
        rows = _rows(work.session)
        named = self._named(work, wanted)
        # New owners come first, so that the last of the old ones may step down.
        for email in sorted(named, key=lambda email: ROLES.index(wanted[named[email]].role)):
            path: Path = ("members", named[email])
            if work.waits_for(wanted[named[email]].sources):
                continue
            with work.trying(path):
                self._put(work, email, wanted[named[email]], rows.get(email), is_source=is_source)
        for email, row in rows.items():
            if email not in named:
                self._remove(work, row, is_source=is_source)

    def _named(self, work: Work, wanted: Mapping[str, FileMember]) -> dict[str, str]:
        """Return what the file calls each e-mail; one has several spellings."""
        named: dict[str, str] = {}
        for text in wanted:
            with work.trying(("members", text)):
                email = email_of(text)
                if email in named:
                    work.complain(("members", text), f"is the same e-mail as {named[email]}")
                else:
                    named[email] = text
        return named

    def _put(
        self,
        work: Work,
        email: str,
        wanted: FileMember,
        row: MemberRow | None,
        *,
        is_source: IsSource,
    ) -> None:
        sources = None if wanted.sources is None else sorted(set(wanted.sources))
        after = {"name": wanted.name, "role": wanted.role, "sources": sources}
        if row is None:
            draft = MemberDraft(email=email, name=wanted.name, role=wanted.role, sources=sources)
            self._members.create_in(work.change, draft, by=work.by)
            work.created(f"members/{email}", without_defaults(after, _DEFAULTS))
            return
        before = _current(row, is_source=is_source)
        differing = work.updated(f"members/{email}", before, after)
        if not differing:
            return
        fields = {name: after[name] for name in differing}
        if "role" in fields:
            fields["sources"] = sources
        self._members.change_in(
            work.change,
            row.id,
            MemberChange(**fields),  # type: ignore[arg-type]
            version=None,
            by=work.by,
        )

    def _remove(self, work: Work, row: MemberRow, *, is_source: IsSource) -> None:
        """Remove a member; the last owner and who asks for it stay."""
        resource = f"members/{row.email}"
        is_kept = row.id == work.by.member_id or _is_last_owner(work.session, row)
        if is_kept or not work.is_pruning:
            work.left(resource)
            return
        with work.trying(("members", row.email)):
            before = without_defaults(_current(row, is_source=is_source), _DEFAULTS)
            self._members.delete_in(work.change, row.id, version=None, by=work.by)
            work.deleted(resource, before)


def _rows(session: Session) -> dict[str, MemberRow]:
    return {row.email: row for row in session.scalars(select(MemberRow).order_by(MemberRow.email))}


def _current(row: MemberRow, *, is_source: IsSource) -> dict[str, object]:
    sources = None if row.sources is None else [slug for slug in row.sources if is_source(slug)]
    return {"name": row.name, "role": role_of(row), "sources": sources}


def _is_last_owner(session: Session, row: MemberRow) -> bool:
    if row.role != "owner":
        return False
    owners = select(func.count()).select_from(MemberRow).where(MemberRow.role == "owner")
    return (session.scalar(owners) or 0) <= 1
