import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { api } from "@/api/calls";
import type { Session } from "@/api/types";
import { EntryCard } from "@/components/EntryCard";
import { Icon } from "@/components/Icon";
import { PasswordField } from "@/components/PasswordField";
import { Provider } from "@/components/Provider";
import { markSignedIn } from "@/state/session";
import type { TokenGiven } from "@/state/signInLink";
import { keepWay, lastWay, type SignInWay } from "@/state/signInWay";
import { useParams } from "@/state/url";
import { refusalWords, signInProblem } from "./signInWords";
import styles from "./SignIn.module.css";

interface Props {
  session: Session;
  /** The token of the address: `tailrace up` prints one that signs in with one click. */
  tokenGiven: TokenGiven;
}

/** Signs in by password, by the organisation's own sign-in, or with an API token. */
export function SignIn({ session, tokenGiven }: Props) {
  const [given] = useState(tokenGiven.take);
  const [way, setWay] = useState<SignInWay>(() => (given !== "" ? "token" : lastWay()));
  const chosen = session.password ? way : "token";
  useEffect(() => {
    document.title = "Sign in · Tailrace";
  }, []);
  return (
    <EntryCard title="Sign in to Tailrace" help={HELP[chosen]}>
      <div className={styles["ways"]}>
        <Refusal />
        {session.oidc && (
          // The address that they came for; the server leads back to it.
          <Provider {...session.oidc} next={location.pathname + location.search} isOneOfMany />
        )}
        {chosen === "password" ? <ByPassword /> : <ByToken given={given} />}
        {session.password && (
          <Button
            className={styles["other"] ?? ""}
            variant="subtle"
            fullWidth
            onClick={() => setWay(chosen === "token" ? "password" : "token")}
          >
            {chosen === "token" ? "Use e-mail and password instead" : "Use an API token instead"}
          </Button>
        )}
      </div>
    </EntryCard>
  );
}

const HELP: Record<SignInWay, ReactNode> = {
  password: (
    <>
      <p>
        Forgot your password? An admin can make a link for you that sets a new one, and{" "}
        <code>tailrace password</code> does on the server.
      </p>
      <p>
        First start? <code>tailrace up</code> printed how to sign in, and an address that does it
        with one click.
      </p>
    </>
  ),
  token: (
    <>
      <p>
        The first <code>tailrace up</code> printed a token, and an address that signs you in with
        one click.
      </p>
      <p>
        Lost it? <code>tailrace token</code> makes a new one, valid after the next start.
      </p>
    </>
  ),
};

/** Why the organisation's sign-in led back here. */
function Refusal() {
  const [params, change] = useParams();
  const [code] = useState(params.get("sign_in_error"));
  useEffect(() => change({ sign_in_error: null }, { replace: true }), [change]);
  if (code === null) return null;
  return (
    <div className={styles["refusal"]} role="alert">
      <Icon name="warning" />
      {refusalWords(code)}
    </div>
  );
}

function useSignIn(way: SignInWay) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: api.signIn,
    onSuccess: () => {
      keepWay(way);
      markSignedIn(queryClient);
    },
  });
}

function ByPassword() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const emailInput = useRef<HTMLInputElement>(null);
  const passwordInput = useRef<HTMLInputElement>(null);
  const signIn = useSignIn("password");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (email.trim() === "") emailInput.current?.focus();
    else if (password === "") passwordInput.current?.focus();
    else {
      signIn.mutate(
        { email: email.trim(), password },
        { onError: () => passwordInput.current?.select() },
      );
    }
  };
  const edited = (set: (value: string) => void) => (value: string) => {
    set(value);
    signIn.reset();
  };
  const isMissing = isTried && password === "";
  return (
    <form className={styles["form"]} onSubmit={submit} noValidate>
      <TextInput
        ref={emailInput}
        label="E-mail"
        type="email"
        name="email"
        size="md"
        autoComplete="username"
        autoCapitalize="off"
        spellCheck={false}
        maxLength={254}
        autoFocus
        value={email}
        error={isTried && email.trim() === "" ? "Enter your e-mail address." : null}
        errorProps={{ role: "alert" }}
        onChange={(event) => edited(setEmail)(event.currentTarget.value)}
      />
      <PasswordField
        inputRef={passwordInput}
        label="Password"
        size="md"
        value={password}
        error={isMissing ? "Enter your password." : signInProblem(signIn.error, "password")}
        onChange={edited(setPassword)}
      />
      <Button type="submit" size="md" loading={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}

function ByToken({ given }: { given: string }) {
  const [token, setToken] = useState("");
  const [isMissing, setMissing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const signIn = useSignIn("token");
  const { mutate } = signIn;
  const isGivenTaken = useRef(given === "");
  useEffect(() => {
    if (isGivenTaken.current) return;
    isGivenTaken.current = true;
    mutate({ token: given });
  }, [given, mutate]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(token.trim() === "");
    if (token.trim() === "") return;
    mutate({ token: token.trim() }, { onError: () => input.current?.select() });
  };
  return (
    <form className={styles["form"]} onSubmit={submit} noValidate>
      {/* For password managers, which want a name beside what they keep. */}
      <input type="text" name="username" autoComplete="username" value="token" readOnly hidden />
      <PasswordField
        inputRef={input}
        label="Token"
        size="md"
        value={token}
        error={isMissing ? "Paste the token first." : signInProblem(signIn.error, "token")}
        onChange={(value) => {
          setToken(value);
          setMissing(false);
          signIn.reset();
        }}
      />
      <Button type="submit" size="md" loading={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}
