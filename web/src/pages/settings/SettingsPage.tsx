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
          <a className={styles["link"]} href="/api/openapi.json" target="_blank" rel="noreferrer">
            Description of the API (OpenAPI)
          </a>
          <span className="muted">
            : readable by any OpenAPI viewer, and by tools that make clients from it.
          </span>
        </p>
      </Section>
      <Section title="Workspace as a file">
        <p>
          Sources, destinations, members and settings can be written to one file, kept under version
          control, and applied to this or another workspace. Run on the server:
        </p>
        <CopyBox text="tailrace export-config > workspace.yaml" label="Copy the command" />
        <p className="muted">
          Secrets are not in the file.
          {!me.may("workspace:apply") &&
            " With an API token it needs the permission to read the workspace as a file, which your role does not have."}
        </p>
      </Section>
    </SectionsPage>
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
