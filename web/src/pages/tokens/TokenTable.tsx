import { Button } from "@mantine/core";
import type { ApiToken } from "@/api/types";
import { Chip } from "@/components/Chip";
import { formatAgo, formatPast, timeTooltip } from "@/format";
import { useNow } from "@/state/now";
import { permissionLabel, permissionsWords } from "./permissions";
import styles from "./TokenTable.module.css";

const COLUMNS = ["Name", "May do", "State", "Last used", "Ends"];

interface Props {
  label: string;
  tokens: readonly ApiToken[];
  /** null where the reader may not. */
  onRevoke: ((token: ApiToken) => void) | null;
  /** Whether to say who made each. */
  withMaker?: boolean;
}

/** Tokens, one row each; those that ended stay for as long as somebody may ask about them. */
export function TokenTable({ label, tokens, onRevoke, withMaker = false }: Props) {
  const now = useNow(30_000);
  return (
    <div role="table" aria-label={label} className={styles["table"]}>
      <div role="row" className={styles["head"]}>
        {COLUMNS.map((name) => (
          <div key={name} role="columnheader">
            {name}
          </div>
        ))}
        <div role="columnheader">
          <span className="visually-hidden">Actions</span>
        </div>
      </div>
      {tokens.map((token) => (
        <Row key={token.id} token={token} now={now} onRevoke={onRevoke} withMaker={withMaker} />
      ))}
    </div>
  );
}

interface RowProps extends Pick<Props, "onRevoke" | "withMaker"> {
  token: ApiToken;
  now: Date;
}

function Row({ token, now, onRevoke, withMaker }: RowProps) {
  const { last_used_at: usedAt, expires_at: endsAt, created_at: madeAt, permissions } = token;
  const isActive = token.state === "active";
  return (
    <div role="row" className={`${styles["row"]} ${isActive ? "" : styles["former"]}`}>
      <div role="cell" data-cell="name" className={styles["name"]}>
        <bdi className={styles["title"]}>{token.name}</bdi>
        <div className={styles["below"]}>
          <code className={styles["hint"]}>{token.hint}…</code>
          <span title={timeTooltip(madeAt)}>
            made {formatPast(madeAt, now)}
            {withMaker && (
              <>
                {" by "}
                <bdi>{token.created_by}</bdi>
              </>
            )}
          </span>
        </div>
      </div>
      <div
        role="cell"
        data-cell="may"
        className={styles["may"]}
        title={permissions.map(permissionLabel).join("\n")}
      >
        {permissionsWords(permissions)}
      </div>
      <div role="cell" data-cell="state">
        <State token={token} now={now} />
      </div>
      <div
        role="cell"
        data-cell="used"
        className="muted"
        title={usedAt ? timeTooltip(usedAt) : undefined}
      >
        <span className={styles["unit"]}>used </span>
        {usedAt ? formatPast(usedAt, now) : "never"}
      </div>
      <div
        role="cell"
        data-cell="ends"
        className="muted"
        title={endsAt ? timeTooltip(endsAt) : undefined}
      >
        <span className={styles["unit"]}>ends </span>
        {endsAt ? formatAgo(endsAt, now) : "never"}
      </div>
      <div role="cell" data-cell="actions">
        {isActive && onRevoke && (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            aria-label={`Revoke the token ${token.name}`}
            onClick={() => onRevoke(token)}
          >
            Revoke…
          </Button>
        )}
      </div>
    </div>
  );
}

const SOON_MS = 7 * 86_400_000;

function State({ token, now }: { token: ApiToken; now: Date }) {
  const { state, expires_at: endsAt } = token;
  switch (state) {
    case "active":
      return endsAt && new Date(endsAt).getTime() - now.getTime() < SOON_MS ? (
        <Chip tone="warn">Ends soon</Chip>
      ) : (
        <Chip tone="good">Active</Chip>
      );
    case "expired":
      return <Chip tone="plain">Expired</Chip>;
    case "revoked":
      return <Chip tone="plain">Revoked</Chip>;
  }
}
