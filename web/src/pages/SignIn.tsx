import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import { ApiError } from "@/api/client";
import { Mark } from "@/components/Mark";
import { SESSION } from "@/state/session";
import styles from "./SignIn.module.css";

interface Props {
  /** Gives the token of the address once, "" when there is none. */
  takeToken: () => string;
}

/** Exchanges the token that `tailrace up` printed for a session cookie. */
export function SignIn({ takeToken }: Props) {
  const queryClient = useQueryClient();
  const [token, setToken] = useState("");
  const [isMissing, setMissing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: api.signIn,
    onSuccess: () => queryClient.setQueryData(SESSION, { signed_in: true }),
    onError: () => input.current?.select(),
  });
  const { mutate } = signIn;
  useEffect(() => {
    document.title = "Sign in · Tailrace";
    const given = takeToken();
    if (given !== "") mutate(given);
  }, [takeToken, mutate]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(token.trim() === "");
    if (token.trim() !== "") mutate(token.trim());
  };
  const problem = isMissing ? "Paste the token first." : errorText(signIn.error);
  return (
    <main className={styles["page"]}>
      <div className={styles["card"]}>
        <div className={styles["brand"]}>
          <Mark size={36} />
          <h1>Sign in to Tailrace</h1>
        </div>
        <form className={styles["form"]} onSubmit={submit} noValidate>
          {/* For password managers, which want a name beside what they keep. */}
          <input
            type="text"
            name="username"
            autoComplete="username"
            value="owner"
            readOnly
            hidden
          />
          <PasswordInput
            ref={input}
            label="Token"
            placeholder="trt_…"
            size="md"
            autoComplete="current-password"
            autoFocus
            value={token}
            onChange={(event) => {
              setToken(event.currentTarget.value);
              setMissing(false);
              signIn.reset();
            }}
            error={problem}
            errorProps={{ role: "alert" }}
            visibilityToggleButtonProps={{ "aria-label": "Show or hide the token" }}
          />
          <Button type="submit" size="md" loading={signIn.isPending}>
            Sign in
          </Button>
        </form>
        <div className={styles["help"]}>
          <p>
            The first <code>tailrace up</code> printed the token, and an address that signs you in
            with one click.
          </p>
          <p>
            Lost it? <code>tailrace token</code> makes a new one, valid after the next start.
          </p>
        </div>
      </div>
    </main>
  );
}

function errorText(error: Error | null): string | null {
  if (error === null) return null;
  if (!(error instanceof ApiError)) return error.message;
  if (error.status === 401) {
    return "This token is not valid. Copy it whole, from “trt_” to its end.";
  }
  if (error.status === 429) {
    const seconds = error.problem.retry_after_s ?? 60;
    return `Too many attempts. Wait ${Math.ceil(seconds)} seconds, then try again.`;
  }
  return error.message;
}
