import { PasswordInput } from "@mantine/core";
import type { Ref } from "react";
import { problemAt } from "./problems";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | null;
  description?: string;
  /** One that is being chosen, and not the one that they have. */
  isNew?: boolean;
  size?: "sm" | "md";
  inputRef?: Ref<HTMLInputElement>;
}

const PASSWORD_LENGTH_MIN = 10;
const NEW_PASSWORD = `At least ${PASSWORD_LENGTH_MIN} characters. A few words in a row are good.`;

/** What is wrong with a password that somebody chose; the server knows more reasons. */
export function newPasswordProblem(password: string): string | null {
  if (password === "") return "Choose a password.";
  if ([...password].length >= PASSWORD_LENGTH_MIN) return null;
  return `Too short: take at least ${PASSWORD_LENGTH_MIN} characters.`;
}

/** What the server says about a password, with the word that its writer knows it by. */
export function passwordProblemAt(field: string, error: Error | null): string | null {
  const problem = problemAt(field, error);
  const name = `${field} `;
  if (!problem?.toLowerCase().startsWith(name)) return problem;
  return `The password ${problem.slice(name.length)}`;
}

/** A password, hidden until its writer wants to see it. */
export function PasswordField(props: Props) {
  const {
    label,
    description,
    value,
    onChange,
    error,
    isNew = false,
    size = "sm",
    inputRef,
  } = props;
  const about = isNew ? NEW_PASSWORD : (description ?? null);
  return (
    <PasswordInput
      ref={inputRef ?? null}
      label={label}
      description={about}
      size={size}
      name={isNew ? "new-password" : "password"}
      autoComplete={isNew ? "new-password" : "current-password"}
      maxLength={200}
      value={value}
      error={error}
      aria-invalid={error !== null}
      errorProps={{ role: "alert" }}
      onChange={(event) => onChange(event.currentTarget.value)}
      visibilityToggleButtonProps={{
        "aria-label": `Show or hide the ${label.toLowerCase()}`,
        tabIndex: 0,
      }}
    />
  );
}
