import { useMutation } from "@tanstack/react-query";
import { Button } from "@mantine/core";
import { api } from "@/api/calls";
import type { Member } from "@/api/types";
import { Dialog, focusedFirst } from "@/components/Dialog";
import { Problem } from "@/components/notices";
import { problemBeside } from "@/components/problems";
import { OneLink } from "./OneLink";
import { usePeopleChanged } from "./useMembers";
import { memberName } from "./words";
import forms from "@/components/forms.module.css";

interface Props {
  member: Member | null;
  onClose: () => void;
}

/** Makes a link by which a member who forgot their password sets a new one. */
export function ResetLink({ member, onClose }: Props) {
  return (
    <Dialog title="Make a reset link" isOpen={member !== null} onClose={onClose} staysOnClickBeside>
      {member && <Making member={member} onClose={onClose} />}
    </Dialog>
  );
}

function Making({ member, onClose }: { member: Member; onClose: () => void }) {
  const refresh = usePeopleChanged();
  const make = useMutation({ mutationFn: () => api.makeResetLink(member.id), onSuccess: refresh });
  if (make.data) {
    return (
      <OneLink link={make.data} label="Copy the reset link" onClose={onClose}>
        <strong>{memberName(member)}</strong> can set a new password with this link. Tailrace sends
        no e-mail: give it to them yourself.
      </OneLink>
    );
  }
  const problem = problemBeside([], make.error);
  return (
    <div className={forms["form"]}>
      <div className={forms["words"]}>
        <p>
          For <strong>{memberName(member)}</strong>, who forgot their password or has none yet. When
          they use the link and set a new one, they are signed out everywhere else.
        </p>
        <p className="muted">Until then nothing changes. A link made earlier stops working.</p>
      </div>
      {problem && <Problem text={problem} />}
      <div className={forms["buttons"]}>
        <Button ref={focusedFirst} variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={make.isPending} onClick={() => make.mutate()}>
          Make the link
        </Button>
      </div>
    </div>
  );
}
