import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { MySelf } from "@/api/types";
import { Problem } from "@/components/notices";
import { PasswordField, newPasswordProblem, passwordProblemAt } from "@/components/PasswordField";
import { problemBeside } from "@/components/problems";
import { tooManyWords } from "@/pages/signInWords";
import { SESSIONS } from "./useSessions";
import forms from "@/components/forms.module.css";

/** Changes one's password, with the one until now as a proof. */
export function Password({ member }: { member: MySelf }) {
  if (!member.has_password) {
    return (
      <p className="muted">
        You have no password here
        {member.oidc ? ": you sign in through your organisation" : ""}. An admin can make a link for
        you that sets one.
      </p>
    );
  }
  return <PasswordForm email={member.email} />;
}

function PasswordForm({ email }: { email: string }) {
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [isTried, setTried] = useState(false);
  const change = useMutation({
    mutationFn: () => api.changePassword({ current_password: current, new_password: wanted }),
    onSuccess: () => {
      setCurrent("");
      setWanted("");
      setTried(false);
      void client.invalidateQueries({ queryKey: SESSIONS });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (current !== "" && newPasswordProblem(wanted) === null) change.mutate();
  };
  const edited = (set: (value: string) => void) => (value: string) => {
    set(value);
    change.reset();
  };
  const other =
    tooManyWords(change.error) ?? problemBeside(["current_password", "new_password"], change.error);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      {/* For password managers, which want a name beside what they keep. */}
      <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
      <div className={forms["fields"]}>
        <PasswordField
          label="Current password"
          description="It shows that it is you."
          value={current}
          error={
            isTried && current === ""
              ? "Enter the password that you have."
              : passwordProblemAt("current_password", change.error)
          }
          onChange={edited(setCurrent)}
        />
        <PasswordField
          label="New password"
          isNew
          value={wanted}
          error={
            (isTried ? newPasswordProblem(wanted) : null) ??
            passwordProblemAt("new_password", change.error)
          }
          onChange={edited(setWanted)}
        />
      </div>
      {other && <Problem text={other} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" disabled={current + wanted === ""} loading={change.isPending}>
          Change the password
        </Button>
        <span className={change.isSuccess ? forms["saved"] : "muted"} role="status">
          {change.isSuccess
            ? "Changed. You are signed out everywhere else."
            : "It signs you out everywhere else."}
        </span>
      </div>
    </form>
  );
}
