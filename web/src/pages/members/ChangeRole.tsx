import { Button, Skeleton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { Member, Role, Versioned } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated, problemAt, problemBeside } from "@/components/problems";
import { Failure } from "@/components/states";
import { ME, useMe } from "@/state/me";
import { RoleFields } from "./RoleFields";
import { useMember, usePeopleChanged } from "./useMembers";
import { memberName, sourcesProblem } from "./words";
import forms from "@/components/forms.module.css";

interface Props {
  member: Member | null;
  onClose: () => void;
}

/** Changes a member's role, and the sources of those who see only some. */
export function ChangeRole({ member, onClose }: Props) {
  return (
    <Dialog
      title={member ? `Role of ${memberName(member)}` : "Role"}
      isOpen={member !== null}
      onClose={onClose}
    >
      {member && <Loaded id={member.id} onClose={onClose} />}
    </Dialog>
  );
}

/** Asks for the member as they are now, since the list may be old. */
function Loaded({ id, onClose }: { id: string; onClose: () => void }) {
  const found = useMember(id);
  if (found.isPending) return <Skeleton height={220} />;
  if (!found.data) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  return (
    <RoleForm
      key={found.data.etag}
      current={found.data}
      onLoad={() => void found.refetch()}
      onClose={onClose}
    />
  );
}

interface FormProps {
  current: Versioned<Member>;
  onLoad: () => void;
  onClose: () => void;
}

function RoleForm({ current, onLoad, onClose }: FormProps) {
  const client = useQueryClient();
  const refresh = usePeopleChanged();
  const me = useMe();
  const { value: member, etag } = current;
  const [role, setRole] = useState<Role>(member.role);
  const [sources, setSources] = useState<string[]>(member.sources ?? []);
  const isMe = me.member?.id === member.id;
  const wrongSources = sourcesProblem(role, sources);
  const save = useMutation({
    mutationFn: () =>
      api.changeMember(member.id, { role, sources: role === "source-only" ? sources : null }, etag),
    onSuccess: () => {
      refresh();
      if (isMe) void client.invalidateQueries({ queryKey: ME });
      onClose();
    },
  });
  const [isTried, setTried] = useState(false);
  const isSame = role === member.role && sameSources(sources, member.sources ?? []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrongSources === null) save.mutate();
  };
  const isConflict = isOutdated(save.error);
  const other = problemBeside(["role", "sources"], save.error);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      {isMe && (
        <p>
          This is <strong>your own role</strong>. With a lesser one you may not be able to take it
          back yourself.
        </p>
      )}
      <RoleFields
        role={role}
        sources={sources}
        error={problemAt("role", save.error)}
        sourcesError={(isTried ? wrongSources : null) ?? problemAt("sources", save.error)}
        onChange={(changed) => {
          if (changed.role) setRole(changed.role);
          if (changed.sources) setSources(changed.sources);
          save.reset();
        }}
      />
      <p className="muted">It holds within two seconds, for their API tokens too.</p>
      {isConflict && <Conflict thing="this member" onLoad={onLoad} />}
      {other && <Problem text={other} />}
      <div className={forms["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" disabled={isSame || isConflict} loading={save.isPending}>
          Change role
        </Button>
      </div>
    </form>
  );
}

const sameSources = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((slug) => others.includes(slug));
