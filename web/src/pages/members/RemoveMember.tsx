import { api } from "@/api/calls";
import type { Member } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { usePeopleChanged } from "./useMembers";
import { memberName } from "./words";

interface Props {
  member: Member | null;
  onClose: () => void;
}

/** Removes a member, with what ends when they go. */
export function RemoveMember({ member, onClose }: Props) {
  const refresh = usePeopleChanged();
  const run = async () => {
    if (member === null) return;
    await api.removeMember(member.id);
    refresh();
  };
  const who = member ? memberName(member) : "";
  return (
    <Confirm
      title={`Remove ${who}?`}
      isOpen={member !== null}
      onClose={onClose}
      action="Remove the member"
      isDanger
      run={run}
    >
      <p>
        Within two seconds <strong>{member?.email}</strong> is signed out everywhere.
      </p>
      <ul>
        <li>Their API tokens end for good: scripts that use one get 401.</li>
        <li>Invites and links that they made stop working.</li>
        <li>What they set up stays, and so does what the audit log says.</li>
      </ul>
      <p className="muted">To come back, they need a new invite.</p>
    </Confirm>
  );
}
