import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Source, WriteKey } from "@/api/types";
import { CopyButton } from "@/components/CopyButton";
import { Icon } from "@/components/Icon";
import { Failure } from "@/components/states";
import { formatAgo, formatMinute, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { AddKey } from "./AddKey";
import { Chip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { useKeysChanged, useWriteKeys } from "./useSources";
import styles from "./WriteKeys.module.css";

const isUsable = ({ state }: WriteKey): boolean => state === "active" || state === "expiring";

/** The keys that senders authenticate with, those in use first. */
export function WriteKeys({ source }: { source: Source }) {
  const me = useMe();
  const keys = useWriteKeys(source.slug);
  const [isAdding, setAdding] = useState(false);
  const [isFormerShown, setFormerShown] = useState(false);
  const [disabled, setDisabled] = useState<WriteKey | null>(null);
  if (keys.isPending) return <Skeleton height={56} />;
  if (!keys.data) return <Failure error={keys.error} onRetry={() => void keys.refetch()} />;
  const usable = keys.data.filter(isUsable);
  const former = keys.data.filter((key) => !isUsable(key));
  const mayChange = me.may("sources:write") && source.managed_by === "api";
  const list = (shown: WriteKey[]) => (
    <ul className={styles["list"]}>
      {shown.map((key) => (
        <Key key={key.key} writeKey={key} onDisable={mayChange ? () => setDisabled(key) : null} />
      ))}
    </ul>
  );
  return (
    <>
      {usable.length > 0 ? (
        list(usable)
      ) : (
        <p className={styles["none"]}>
          No write key may be used now, so nothing can be sent.{mayChange && " Add one."}
        </p>
      )}
      <div className={styles["actions"]}>
        {mayChange && (
          <Button
            variant="default"
            leftSection={<Icon name="plus" size={16} />}
            onClick={() => setAdding(true)}
          >
            Add or rotate
          </Button>
        )}
        {former.length > 0 && (
          <Button
            variant="subtle"
            color="gray"
            aria-expanded={isFormerShown}
            leftSection={<Icon name={isFormerShown ? "chevronDown" : "chevronRight"} size={16} />}
            onClick={() => setFormerShown(!isFormerShown)}
          >
            {former.length === 1 ? "1 former key" : `${former.length} former keys`}
          </Button>
        )}
      </div>
      {isFormerShown && former.length > 0 && list(former)}
      {mayChange && (
        <>
          <AddKey slug={source.slug} isOpen={isAdding} onClose={() => setAdding(false)} />
          <DisableKey
            slug={source.slug}
            writeKey={disabled}
            isLast={usable.length === 1}
            onClose={() => setDisabled(null)}
          />
        </>
      )}
    </>
  );
}

interface KeyProps {
  writeKey: WriteKey;
  /** null where nobody can. */
  onDisable: (() => void) | null;
}

function Key({ writeKey, onDisable }: KeyProps) {
  const now = useNow(30_000);
  const { key, label, last_used_at: usedAt, created_at: madeAt } = writeKey;
  const isInUse = isUsable(writeKey);
  return (
    <li className={`${styles["key"]} ${isInUse ? "" : styles["former"]}`}>
      <div className={styles["value"]}>
        <code>{key}</code>
        {isInUse && <CopyButton text={key} label="Copy the write key" />}
      </div>
      <div className={styles["about"]}>
        <State writeKey={writeKey} now={now} />
        {label !== "" && <bdi className={styles["label"]}>{label}</bdi>}
        {madeAt && <span title={timeTooltip(madeAt)}>made {formatAgo(madeAt, now)}</span>}
        <span title={usedAt ? timeTooltip(usedAt) : undefined}>
          {usedAt ? `used ${formatAgo(usedAt, now)}` : madeAt && "not used yet"}
        </span>
      </div>
      {isInUse && onDisable && (
        <Button variant="subtle" color="gray" size="xs" onClick={onDisable}>
          Disable…
        </Button>
      )}
    </li>
  );
}

function State({ writeKey, now }: { writeKey: WriteKey; now: Date }) {
  const { state, expires_at: expiresAt } = writeKey;
  switch (state) {
    case "active":
      return <Chip tone="good">Active</Chip>;
    case "expiring":
      return (
        <Chip tone="warn" {...(expiresAt ? { title: timeTooltip(expiresAt) } : {})}>
          {expiresAt ? `Ends ${formatMinute(expiresAt)}, ${formatAgo(expiresAt, now)}` : "Ends"}
        </Chip>
      );
    case "expired":
      return <Chip tone="plain">Ended</Chip>;
    case "disabled":
      return <Chip tone="plain">Disabled</Chip>;
  }
}

interface DisableKeyProps {
  slug: string;
  writeKey: WriteKey | null;
  isLast: boolean;
  onClose: () => void;
}

function DisableKey({ slug, writeKey, isLast, onClose }: DisableKeyProps) {
  const refresh = useKeysChanged(slug);
  const run = async () => {
    if (writeKey === null || writeKey.id === null) return;
    await api.disableWriteKey(slug, writeKey.id);
    refresh();
  };
  return (
    <Confirm
      title="Disable this write key?"
      isOpen={writeKey !== null}
      onClose={onClose}
      action="Disable the key"
      isDanger
      run={run}
    >
      <p>
        <code>{writeKey?.key}</code>
      </p>
      <p>
        Within two seconds, senders that use it get <code>400 unknown_source</code> and give up:
        what they send is lost. It cannot be enabled again.
      </p>
      {isLast && (
        <p>
          <strong>It is the only key that works.</strong> Add another one first to go on receiving.
        </p>
      )}
      {writeKey?.last_used_at && (
        <p className="muted">It was used {formatAgo(writeKey.last_used_at)}.</p>
      )}
    </Confirm>
  );
}
