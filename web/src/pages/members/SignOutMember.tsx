import { api } from "@/api/calls";
import type { Member } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { usePeopleChanged } from "./useMembers";
import { memberName } from "./words";

interface Props {
  member: Member | null;
  onClose: () => void;
}

/** Ends all sessions of a member, as for a laptop that was lost. */
export function SignOutMember({ member, onClose }: Props) {
  const refresh = usePeopleChanged();
  const run = async () => {
    if (member === null) return;
    await api.signOutMember(member.id);
    refresh();
  };
  return (
    <Confirm
      title={member ? `Sign ${memberName(member)} out?` : "Sign out"}
      isOpen={member !== null}
      onClose={onClose}
      action="Sign out everywhere"
      run={run}
    >
      <p>
        Every browser in which they are signed in asks for their password again, within two seconds.
      </p>
      <p className="muted">Their API tokens go on working: revoke those on the page Tokens.</p>
    </Confirm>
  );
}
