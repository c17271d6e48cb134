import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { IpSetting, Source, SourceKind, VersionedSource } from "@/api/types";
import { Chip } from "@/components/Chip";
import { changesOf, draftOf, isSameToEdit, limitProblem, type Draft } from "./draft";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated, problemAt, problemBeside } from "@/components/problems";
import { takeIn } from "./useSources";
import { IP_SETTINGS, KINDS, kindLabel } from "./words";
import styles from "@/components/forms.module.css";

const FIELDS = ["name", "kind", "ip", "requests_per_s_max", "webhook_secret"];

interface Props {
  current: VersionedSource;
  /** Asks for the current state. */
  onLoad: () => void;
}

/** What can be changed of a source; only what was changed is sent, and against what was read. */
export function Settings({ current, onLoad }: Props) {
  const client = useQueryClient();
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => draftOf(current.source));
  const startFrom = (state: VersionedSource) => {
    setBase(state);
    setDraft(draftOf(state.source));
  };
  const changes = changesOf(draft, base.source);
  const isDirty = Object.keys(changes).length > 0;
  if (current.etag !== base.etag) {
    if (!isDirty) startFrom(current);
    else if (isSameToEdit(current.source, base.source)) setBase(current);
  }
  const save = useMutation({
    mutationFn: () => api.changeSource(base.source.slug, changes, base.etag),
    onSuccess: async (changed) => {
      await takeIn(client, changed);
      startFrom(changed);
    },
  });
  const edit = (edited: Partial<Draft>) => {
    setDraft({ ...draft, ...edited });
    save.reset();
  };
  const discard = () => {
    startFrom(current);
    save.reset();
  };
  const load = () => {
    discard();
    onLoad();
  };
  const limitError = limitProblem(draft.limit);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDirty && limitError === null) save.mutate();
  };
  const isConflict = isOutdated(save.error) || (isDirty && current.etag !== base.etag);
  const other = problemBeside(FIELDS, save.error);
  return (
    <form className={styles["form"]} onSubmit={submit} noValidate>
      <div className={styles["fields"]}>
        <TextInput
          label="Name"
          description="For people. Events carry the slug."
          maxLength={200}
          autoComplete="off"
          value={draft.name}
          error={problemAt("name", save.error)}
          onChange={(event) => edit({ name: event.currentTarget.value })}
        />
        <NativeSelect
          label="Kind"
          description="Which code is shown first."
          data={KINDS}
          value={draft.kind}
          error={problemAt("kind", save.error)}
          onChange={(event) => edit({ kind: event.currentTarget.value as SourceKind })}
        />
        <NativeSelect
          label="IP addresses"
          description={IP_WORDS[draft.ip]}
          data={IP_SETTINGS}
          value={draft.ip}
          error={problemAt("ip", save.error)}
          onChange={(event) => edit({ ip: event.currentTarget.value as IpSetting })}
        />
        <TextInput
          label="Limit in requests per second"
          description="Beyond it senders get 429 and send again later."
          placeholder="No limit"
          inputMode="decimal"
          autoComplete="off"
          value={draft.limit}
          error={limitError ?? problemAt("requests_per_s_max", save.error)}
          onChange={(event) => edit({ limit: event.currentTarget.value })}
        />
        <WebhookSecret
          isSet={base.source.webhook_secret !== null}
          secret={draft.secret}
          error={problemAt("webhook_secret", save.error)}
          onChange={(secret) => edit({ secret })}
        />
      </div>
      {isConflict && <Conflict thing="this source" onLoad={load} />}
      {other && <Problem text={other} />}
      <div className={`${styles["buttons"]} ${styles["left"]}`}>
        <Button
          type="submit"
          disabled={!isDirty || isConflict || limitError !== null}
          loading={save.isPending}
        >
          Save changes
        </Button>
        {isDirty && !isConflict && (
          <Button variant="default" onClick={discard}>
            Discard
          </Button>
        )}
        <span className={styles["saved"]} role="status">
          {save.isSuccess && !isDirty ? "Saved. It holds everywhere within two seconds." : ""}
        </span>
      </div>
    </form>
  );
}

const IP_WORDS: Record<IpSetting, string> = {
  keep: "Stored with events from browsers and phones.",
  truncate: "Only the network is stored, not the device.",
  drop: "Not stored at all.",
};

interface WebhookSecretProps {
  isSet: boolean;
  secret: Draft["secret"];
  error: string | null;
  onChange: (secret: Draft["secret"]) => void;
}

/** Can be set, replaced and removed; nobody can read it. */
function WebhookSecret({ isSet, secret, error, onChange }: WebhookSecretProps) {
  // Who leaves the field goes on where it was opened.
  const [wasOpen, setWasOpen] = useState(false);
  if (typeof secret === "object" && !wasOpen) setWasOpen(true);
  const hint = "Webhooks must be signed with it. It cannot be read again.";
  if (typeof secret === "object") {
    return (
      <div className={`${styles["secret"]} ${styles["wide"]}`}>
        <PasswordInput
          label="New webhook secret"
          description={hint}
          autoComplete="new-password"
          autoFocus
          maxLength={1000}
          value={secret.text}
          error={error}
          onChange={(event) => onChange({ text: event.currentTarget.value })}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the secret" }}
        />
        <div className={styles["secretLine"]}>
          <Button variant="subtle" size="xs" onClick={() => onChange("keep")}>
            {isSet ? "Keep the one that is set" : "Set none"}
          </Button>
        </div>
      </div>
    );
  }
  const isRemoved = secret === "remove";
  return (
    <div
      className={`${styles["secret"]} ${styles["wide"]}`}
      role="group"
      aria-label="Webhook secret"
    >
      <span className={styles["label"]}>Webhook secret</span>
      <span className={styles["hint"]}>{hint}</span>
      <div className={styles["secretLine"]}>
        <Chip tone={isRemoved ? "warn" : isSet ? "good" : "plain"}>
          {isRemoved ? "Will be removed" : isSet ? "Set" : "Not set"}
        </Chip>
        {isRemoved ? (
          <Button variant="subtle" size="xs" onClick={() => onChange("keep")}>
            Keep it
          </Button>
        ) : (
          <Button
            variant="default"
            size="xs"
            autoFocus={wasOpen}
            onClick={() => onChange({ text: "" })}
          >
            {isSet ? "Replace" : "Set a secret"}
          </Button>
        )}
        {isSet && !isRemoved && (
          <Button variant="subtle" color="gray" size="xs" onClick={() => onChange("remove")}>
            Remove
          </Button>
        )}
      </div>
      {error && <Problem text={error} />}
    </div>
  );
}

/** The settings of a source that a file manages, or the reader's role may not change. */
export function SettingsToRead({ source }: { source: Source }) {
  const limit = source.requests_per_s_max;
  const ip = IP_SETTINGS.find(({ value }) => value === source.ip)?.label ?? source.ip;
  return (
    <>
      <p className="muted">
        {source.managed_by === "file"
          ? "This source comes from the settings file. Change it there and start Tailrace again."
          : "You may see these settings and not change them. An admin can give you another role."}
      </p>
      <dl className={styles["facts"]}>
        <dt>Kind</dt>
        <dd>{kindLabel(source.kind)}</dd>
        <dt>IP addresses</dt>
        <dd>{ip}</dd>
        <dt>Limit</dt>
        <dd>{limit === null ? "None" : `${limit} requests per second`}</dd>
        <dt>Webhook secret</dt>
        <dd>{source.webhook_secret === null ? "Not set" : "Set"}</dd>
      </dl>
    </>
  );
}
