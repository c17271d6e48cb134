import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { WorkspaceSettings } from "@/api/types";
import { CopyBox } from "@/components/CopyBox";
import { Link } from "@/components/Link";
import { Stale } from "@/components/notices";
import { Section, SectionsPage } from "@/components/Section";
import { Failure, Waiting } from "@/components/states";
import { useMe } from "@/state/me";
import { hoursWords } from "./draft";
import { SettingsForm } from "./SettingsForm";
import { SETTINGS } from "./settingsKey";
import forms from "@/components/forms.module.css";
import styles from "./SettingsPage.module.css";

const COMMANDS = [
  { command: "tailrace export-config > workspace.yaml", label: "Copy the command that exports" },
  { command: "tailrace diff workspace.yaml", label: "Copy the command that compares" },
  { command: "tailrace apply workspace.yaml", label: "Copy the command that applies" },
];

/** What holds for the whole workspace, and where its machine-readable sides are. */
export function SettingsPage() {
  const me = useMe();
  const found = useQuery({
    queryKey: SETTINGS,
    queryFn: ({ signal }) => api.settings(signal),
  });
  const reload = () => void found.refetch();
  if (found.isPending) return <Waiting label="Loading the settings" />;
  if (!found.data) return <Failure error={found.error} onRetry={reload} isWholePage />;
  return (
    <SectionsPage notice={found.isError && <Stale error={found.error} onRetry={reload} />}>
      <h1 className={styles["title"]}>Settings</h1>
      <Section title="Workspace">
        {me.may("settings:write") ? (
          <SettingsForm current={found.data} onLoad={reload} />
        ) : (
          <ReadOnly settings={found.data.value} />
        )}
      </Section>
      <Section title="API">
        <p>
          Everything that this app shows and changes comes from an HTTP API that is yours to use.
          Sign in to it with{" "}
          <Link className={styles["link"]} path="/tokens">
            a token
          </Link>
          .
        </p>
        <p>
          <Outside path="/api/docs">API documentation</Outside>
          <span className="muted"> for people, with examples to copy. </span>
          <Outside path="/api/openapi.json">OpenAPI description</Outside>
          <span className="muted"> for viewers and tools that make clients.</span>
        </p>
      </Section>
      <Section title="Workspace as a file">
        <p>
          Settings, sources, write keys, destinations and members can be written to one file, kept
          under version control, compared, and applied as a whole to this or another workspace. On
          the server:
        </p>
        {COMMANDS.map(({ command, label }) => (
          <CopyBox key={command} text={command} label={label} />
        ))}
        <p className="muted">
          Secrets are not in the file: it names where they come from. Editors check it with{" "}
          <Outside path="/api/workspace.schema.json">its JSON Schema</Outside>.
          {!me.may("workspace:apply") && " Over the API this is for admins and owners."}
        </p>
      </Section>
    </SectionsPage>
  );
}

/** An address of this server that is no page of the app. */
function Outside({ path, children }: { path: string; children: string }) {
  return (
    <a className={styles["link"]} href={path} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

/** For those who may not change them. */
function ReadOnly({ settings }: { settings: WorkspaceSettings }) {
  const { name, session_hours_max: hours, token_days_max: days } = settings;
  return (
    <>
      <dl className={forms["facts"]}>
        <dt>Name</dt>
        <dd>{name}</dd>
        <dt>Sign-ins end after</dt>
        <dd>{hoursWords(hours)}</dd>
        <dt>Longest life of a token</dt>
        <dd>{days === null ? "No limit" : hoursWords(days * 24)}</dd>
      </dl>
      <p className="muted">Admins and owners can change this.</p>
    </>
  );
}
