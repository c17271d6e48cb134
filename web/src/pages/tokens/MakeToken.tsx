import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { NewApiToken, Permission } from "@/api/types";
import { CopyBox } from "@/components/CopyBox";
import { CopyButton } from "@/components/CopyButton";
import { Dialog, focusedFirst } from "@/components/Dialog";
import { Problem } from "@/components/notices";
import { problemAt, problemBeside } from "@/components/problems";
import { formatMinute } from "@/format";
import { useMe } from "@/state/me";
import { curlExample } from "./example";
import { expiries, firstExpiry } from "./expiry";
import { groupsFor, readOnly, withChoice } from "./permissions";
import { useTokensChanged } from "./useTokens";
import forms from "@/components/forms.module.css";
import styles from "./MakeToken.module.css";

interface Props {
  isOpen: boolean;
  onClose: () => void;
}

/** Asks what a token is for and what it may do, makes it, and shows it this once. */
export function MakeToken({ isOpen, onClose }: Props) {
  return (
    <Dialog title="Make a token" isOpen={isOpen} onClose={onClose} staysOnClickBeside>
      <MakeForm onClose={onClose} />
    </Dialog>
  );
}

/** The longest life that the settings allow; null for any, and as long as it is not known. */
function useDaysMax(): number | null {
  const settings = useQuery({
    queryKey: ["settings", "for-tokens"],
    queryFn: ({ signal }) => api.settings(signal),
    enabled: useMe().may("settings:read"),
  });
  return settings.data?.value.token_days_max ?? null;
}

function MakeForm({ onClose }: { onClose: () => void }) {
  const daysMax = useDaysMax();
  const held = useMe().permissions;
  const refresh = useTokensChanged();
  const choices = expiries(daysMax);
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<Permission[]>([]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [isTried, setTried] = useState(false);
  const expiry = choices.find(({ value }) => value === chosen) ?? firstExpiry(choices);
  const make = useMutation({
    mutationFn: () =>
      api.createToken({ name: name.trim(), permissions, expires_in_days: expiry.days }),
    onSuccess: refresh,
  });
  if (make.data) return <Made made={make.data} onClose={onClose} />;
  const wrongName = name.trim() === "" ? "Say what it is for, such as nightly export." : null;
  const wrongChoice = permissions.length === 0 ? "Choose at least one permission." : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrongName === null && wrongChoice === null) make.mutate();
  };
  const choose = (chosen: Permission[]) => {
    setPermissions(chosen);
    make.reset();
  };
  const other = problemBeside(["name", "permissions", "expires_in_days"], make.error);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      <TextInput
        ref={focusedFirst}
        label="Name"
        description="What uses it. The audit log names it."
        maxLength={200}
        autoComplete="off"
        value={name}
        error={(isTried ? wrongName : null) ?? problemAt("name", make.error)}
        errorProps={{ role: "alert" }}
        onChange={(event) => {
          setName(event.currentTarget.value);
          make.reset();
        }}
      />
      <Picker
        held={held}
        chosen={permissions}
        error={(isTried ? wrongChoice : null) ?? problemAt("permissions", make.error)}
        onChoose={choose}
      />
      <NativeSelect
        label="Ends after"
        description={
          daysMax === null
            ? "A token that ends cannot be forgotten."
            : "The settings of the workspace say how long it may last."
        }
        data={choices.map(({ value, label }) => ({ value, label }))}
        value={expiry.value}
        error={problemAt("expires_in_days", make.error)}
        errorProps={{ role: "alert" }}
        onChange={(event) => {
          setChosen(event.currentTarget.value);
          make.reset();
        }}
      />
      {other && <Problem text={other} />}
      <div className={forms["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={make.isPending}>
          Make token
        </Button>
      </div>
    </form>
  );
}

interface PickerProps {
  held: readonly Permission[];
  chosen: readonly Permission[];
  error: string | null;
  onChoose: (chosen: Permission[]) => void;
}

/** What the token may do, of what its maker may. */
function Picker({ held, chosen, error, onChoose }: PickerProps) {
  return (
    <fieldset className={styles["picker"]}>
      <legend>What it may do</legend>
      <div className={styles["presets"]}>
        <Button variant="default" size="xs" onClick={() => onChoose(readOnly(held))}>
          Read only
        </Button>
        <Button variant="default" size="xs" onClick={() => onChoose([...held])}>
          All that I may
        </Button>
        <Button variant="subtle" color="gray" size="xs" onClick={() => onChoose([])}>
          None
        </Button>
        <span className="muted" role="status">
          {chosen.length} of {held.length} chosen
        </span>
      </div>
      {error && <Problem text={error} />}
      <div className={styles["groups"]} tabIndex={0} role="group" aria-label="Permissions">
        {groupsFor(held).map(({ title, permissions }) => (
          <div key={title} role="group" aria-label={title} className={styles["group"]}>
            <div className={styles["title"]}>{title}</div>
            {permissions.map(({ permission, label, about }) => (
              <Checkbox
                key={permission}
                label={label}
                description={about}
                checked={chosen.includes(permission)}
                onChange={(event) =>
                  onChoose(
                    withChoice(chosen, permission, { isOn: event.currentTarget.checked, held }),
                  )
                }
              />
            ))}
          </div>
        ))}
      </div>
    </fieldset>
  );
}

function Made({ made, onClose }: { made: NewApiToken; onClose: () => void }) {
  const example = curlExample(location.origin, made.token, made.permissions);
  return (
    <div className={forms["form"]}>
      <p role="status">
        Copy the token <strong>{made.name}</strong> now: it is not shown again.
      </p>
      <CopyBox text={made.token} label="Copy the new token" isNew />
      <p className="muted">
        {made.expires_at
          ? `It ends on ${formatMinute(made.expires_at)}.`
          : "It works until it is revoked."}
      </p>
      {example !== null && (
        <div className={styles["example"]}>
          <div className={styles["exampleHead"]}>
            <h3>Try it</h3>
            <CopyButton text={example} label="Copy the example" withText />
          </div>
          <pre tabIndex={0} aria-label="Example with curl">
            {example}
          </pre>
        </div>
      )}
      <div className={forms["buttons"]}>
        <Button onClick={onClose} autoFocus>
          Done
        </Button>
      </div>
    </div>
  );
}
