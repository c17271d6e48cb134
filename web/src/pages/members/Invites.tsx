import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Invite } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Failure } from "@/components/states";
import { formatAgo, formatPast, timeTooltip } from "@/format";
import { roleLabel, useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { useInvites, usePeopleChanged } from "./useMembers";
import { mayManage, sourcesWords } from "./words";
import styles from "./Invites.module.css";

/** The links that are out, and on request those that were used or ended lately. */
export function Invites() {
  const invites = useInvites();
  const [isFormerShown, setFormerShown] = useState(false);
  const [revoked, setRevoked] = useState<Invite | null>(null);
  if (invites.isPending) return <Skeleton height={44} />;
  if (!invites.data) {
    return <Failure error={invites.error} onRetry={() => void invites.refetch()} />;
  }
  const open = invites.data.filter(({ state }) => state === "open");
  const former = invites.data.filter(({ state }) => state !== "open");
  if (invites.data.length === 0) return null;
  return (
    <section className={styles["section"]} aria-label="Invites">
      <div className={styles["head"]}>
        <h2>{open.length === 1 ? "1 open invite" : `${open.length} open invites`}</h2>
        {former.length > 0 && (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            aria-expanded={isFormerShown}
            leftSection={<Icon name={isFormerShown ? "chevronDown" : "chevronRight"} size={15} />}
            onClick={() => setFormerShown(!isFormerShown)}
          >
            {former.length === 1 ? "1 former invite" : `${former.length} former invites`}
          </Button>
        )}
      </div>
      {open.length > 0 && <List invites={open} onRevoke={setRevoked} />}
      {isFormerShown && <List invites={former} onRevoke={null} />}
      <Revoke invite={revoked} onClose={() => setRevoked(null)} />
    </section>
  );
}

interface ListProps {
  invites: readonly Invite[];
  onRevoke: ((invite: Invite) => void) | null;
}

function List({ invites, onRevoke }: ListProps) {
  const now = useNow(30_000);
  const me = useMe();
  return (
    <ul className={styles["list"]}>
      {invites.map((invite) => (
        <li key={invite.id} className={styles["invite"]}>
          <div className={styles["who"]}>
            <bdi className={styles["email"]}>{invite.email}</bdi>
            <span className="muted">
              {roleLabel(invite.role)}
              {invite.sources && `: ${sourcesWords(invite.sources)}`}
            </span>
          </div>
          <div className={styles["about"]}>
            <State invite={invite} now={now} />
            <span title={timeTooltip(invite.created_at)}>
              made {formatPast(invite.created_at, now)} by <bdi>{invite.created_by}</bdi>
            </span>
          </div>
          {onRevoke && mayManage(me, invite.role) && (
            <Button
              variant="subtle"
              color="gray"
              size="xs"
              aria-label={`Revoke the invite of ${invite.email}`}
              onClick={() => onRevoke(invite)}
            >
              Revoke…
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function State({ invite, now }: { invite: Invite; now: Date }) {
  const { state, expires_at: expiresAt } = invite;
  switch (state) {
    case "open":
      return (
        <Chip tone="good" title={timeTooltip(expiresAt)}>
          Ends {formatAgo(expiresAt, now)}
        </Chip>
      );
    case "used":
      return <Chip tone="plain">Used</Chip>;
    case "revoked":
      return <Chip tone="plain">Revoked</Chip>;
    case "expired":
      return <Chip tone="plain">Expired</Chip>;
  }
}

function Revoke({ invite, onClose }: { invite: Invite | null; onClose: () => void }) {
  const refresh = usePeopleChanged();
  const run = async () => {
    if (invite === null) return;
    await api.revokeInvite(invite.id);
    refresh();
  };
  return (
    <Confirm
      title="Revoke this invite?"
      isOpen={invite !== null}
      onClose={onClose}
      action="Revoke the invite"
      isDanger
      run={run}
    >
      <p>
        The link for <strong>{invite?.email}</strong> stops working at once. You can invite them
        again with a new link.
      </p>
    </Confirm>
  );
}
