import { Button, Loader, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { InviteShown } from "@/api/types";
import { EntryCard } from "@/components/EntryCard";
import { Problem } from "@/components/notices";
import { Provider } from "@/components/Provider";
import { PasswordField, newPasswordProblem, passwordProblemAt } from "@/components/PasswordField";
import { isNotFound, problemAt, problemBeside } from "@/components/problems";
import { tooManyWords } from "@/pages/signInWords";
import { roleAbout, roleLabel } from "@/state/me";
import { SESSION, markSignedIn } from "@/state/session";
import type { TokenGiven } from "@/state/signInLink";
import { navigate } from "@/state/url";
import styles from "./AcceptPage.module.css";

/** Where the links of invites and of password resets lead. */
export const ACCEPT_PATH = "/accept";

/** By the link of an invite, somebody becomes a member; by that of a reset, they set a password. */
export function AcceptPage({ invite }: { invite: TokenGiven }) {
  const [token] = useState(invite.take);
  const shown = useQuery({
    queryKey: ["invite"],
    queryFn: ({ signal }) => api.showInvite(token, signal),
    enabled: token !== "",
    staleTime: Infinity,
    gcTime: 0,
  });
  useEffect(() => {
    document.title = "Invite · Tailrace";
  }, []);
  if (token === "") {
    return (
      <Closed title="This link is not whole">
        Open the link again from the message that it came with, to its last letter. A page that was
        loaded anew needs that too.
      </Closed>
    );
  }
  if (shown.isPending) {
    return (
      <EntryCard title="Tailrace">
        <div role="status">
          <Loader type="dots" aria-hidden="true" />
          <span className="visually-hidden">Looking at the link</span>
        </div>
      </EntryCard>
    );
  }
  if (isNotFound(shown.error)) return <NoLonger />;
  if (!shown.data) {
    return (
      <EntryCard title="The link could not be looked at">
        <div className={styles["form"]}>
          <Problem text={tooManyWords(shown.error) ?? shown.error.message} />
          <Button variant="default" loading={shown.isFetching} onClick={() => void shown.refetch()}>
            Try again
          </Button>
        </div>
      </EntryCard>
    );
  }
  return <Accept token={token} invite={shown.data} />;
}

function NoLonger() {
  return (
    <Closed title="This link no longer works">
      It was used already, taken back, or is too old. Ask who sent it to you for a new one. If you
      have set a password, sign in with it.
    </Closed>
  );
}

function Closed({ title, children }: { title: string; children: string }) {
  return (
    <EntryCard title={title}>
      <div className={styles["form"]}>
        <p className="muted">{children}</p>
        <Button variant="default" onClick={() => navigate("/", { replace: true })}>
          Go to the sign-in
        </Button>
      </div>
    </EntryCard>
  );
}

interface FormProps {
  token: string;
  invite: InviteShown;
}

/** Where the organisation's own sign-in knows somebody by their address, that accepts it too. */
function Accept({ token, invite }: FormProps) {
  const session = useQuery({ queryKey: SESSION, queryFn: ({ signal }) => api.session(signal) });
  const { is_reset: isReset } = invite;
  const hasPasswords = isReset || (session.data?.password ?? true);
  return (
    <EntryCard title={isReset ? "Set a new password" : `Join ${invite.workspace}`}>
      <div className={styles["form"]}>
        <Facts invite={invite} />
        {session.data?.oidc && !isReset && (
          <Provider {...session.data.oidc} next="/" isOneOfMany={hasPasswords} />
        )}
        {hasPasswords && <AcceptForm token={token} invite={invite} />}
      </div>
    </EntryCard>
  );
}

function Facts({ invite }: { invite: InviteShown }) {
  return (
    <dl className={styles["facts"]}>
      <dt>You sign in as</dt>
      <dd>{invite.email}</dd>
      {!invite.is_reset && (
        <>
          <dt>Your role</dt>
          <dd>
            {roleLabel(invite.role)}
            <span className="muted">{roleAbout(invite.role)}</span>
          </dd>
        </>
      )}
    </dl>
  );
}

function AcceptForm({ token, invite }: FormProps) {
  const client = useQueryClient();
  const { is_reset: isReset, email } = invite;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const accept = useMutation({
    mutationFn: () =>
      api.acceptInvite({
        token,
        password,
        ...(name.trim() === "" || isReset ? {} : { name: name.trim() }),
      }),
    onSuccess: () => {
      markSignedIn(client);
      navigate("/", { replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (newPasswordProblem(password) === null) accept.mutate();
  };
  const edited = (set: (value: string) => void) => (value: string) => {
    set(value);
    accept.reset();
  };
  const other = tooManyWords(accept.error) ?? problemBeside(["name", "password"], accept.error);
  return (
    <form className={styles["form"]} onSubmit={submit} noValidate>
      {/* For password managers, which want a name beside what they keep. */}
      <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
      {!isReset && (
        <TextInput
          label="Your name"
          description="As others here see it. May be empty."
          name="name"
          autoComplete="name"
          maxLength={200}
          autoFocus
          value={name}
          error={problemAt("name", accept.error)}
          onChange={(event) => edited(setName)(event.currentTarget.value)}
        />
      )}
      <PasswordField
        label={isReset ? "New password" : "Password"}
        isNew
        value={password}
        error={
          (isTried ? newPasswordProblem(password) : null) ??
          passwordProblemAt("password", accept.error)
        }
        onChange={edited(setPassword)}
      />
      {isReset && (
        <p className="muted">You are signed out everywhere else when the new one is set.</p>
      )}
      {other && <Problem text={other} />}
      <Button type="submit" size="md" loading={accept.isPending}>
        {isReset ? "Set the password and sign in" : "Join and sign in"}
      </Button>
    </form>
  );
}
