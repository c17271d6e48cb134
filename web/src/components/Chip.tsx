import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import styles from "./Chip.module.css";

interface Props {
  tone: "good" | "warn" | "bad" | "plain";
  icon?: IconName;
  title?: string;
  children: ReactNode;
}

/** A short state in words; its colour only repeats them. */
export function Chip({ tone, icon, title, children }: Props) {
  return (
    <span className={`${styles["chip"]} ${styles[tone]}`} title={title}>
      {icon && <Icon name={icon} size={13} />}
      {children}
    </span>
  );
}

export function EnabledChip({ isEnabled }: { isEnabled: boolean }) {
  return <Chip tone={isEnabled ? "good" : "warn"}>{isEnabled ? "Enabled" : "Disabled"}</Chip>;
}

/** For a source that only the settings file can change. */
export function FileChip() {
  return (
    <Chip tone="plain" icon="lock" title="Comes from the settings file; changed there only">
      Managed by file
    </Chip>
  );
}
