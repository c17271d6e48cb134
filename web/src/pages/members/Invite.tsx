import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { Role } from "@/api/types";
import { Dialog, focusedFirst } from "@/components/Dialog";
import { Problem } from "@/components/notices";
import { problemAt, problemBeside } from "@/components/problems";
import { OneLink } from "./OneLink";
import { RoleFields } from "./RoleFields";
import { usePeopleChanged } from "./useMembers";
import { emailProblem, sourcesProblem } from "./words";
import forms from "@/components/forms.module.css";

interface Props {
  isOpen: boolean;
  onClose: () => void;
}

/** Makes a link by which somebody joins, and shows it this once. */
export function Invite({ isOpen, onClose }: Props) {
  return (
    <Dialog title="Invite a member" isOpen={isOpen} onClose={onClose} staysOnClickBeside>
      <InviteForm onClose={onClose} />
    </Dialog>
  );
}

function InviteForm({ onClose }: { onClose: () => void }) {
  const refresh = usePeopleChanged();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [sources, setSources] = useState<string[]>([]);
  const [isTried, setTried] = useState(false);
  const address = email.trim();
  const invite = useMutation({
    mutationFn: () =>
      api.invite({ email: address, role, ...(role === "source-only" ? { sources } : {}) }),
    onSuccess: refresh,
  });
  if (invite.data) {
    return (
      <OneLink link={invite.data} label="Copy the invite link" onClose={onClose}>
        <strong>{invite.data.email}</strong> can join with this link. Tailrace sends no e-mail: give
        it to them yourself.
      </OneLink>
    );
  }
  const wrongEmail = emailProblem(address);
  const wrongSources = sourcesProblem(role, sources);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrongEmail === null && wrongSources === null) invite.mutate();
  };
  const other = problemBeside(["email", "role", "sources"], invite.error);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      <TextInput
        ref={focusedFirst}
        label="E-mail address"
        type="email"
        maxLength={254}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        value={email}
        error={(isTried ? wrongEmail : null) ?? problemAt("email", invite.error)}
        errorProps={{ role: "alert" }}
        onChange={(event) => {
          setEmail(event.currentTarget.value);
          invite.reset();
        }}
      />
      <RoleFields
        role={role}
        sources={sources}
        error={problemAt("role", invite.error)}
        sourcesError={(isTried ? wrongSources : null) ?? problemAt("sources", invite.error)}
        onChange={(changed) => {
          if (changed.role) setRole(changed.role);
          if (changed.sources) setSources(changed.sources);
          invite.reset();
        }}
      />
      {other && <Problem text={other} />}
      <div className={forms["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={invite.isPending}>
          Make the link
        </Button>
      </div>
    </form>
  );
}
