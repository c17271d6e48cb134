import { Button, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { formatCount } from "@/format";
import styles from "./ListPage.module.css";

interface Props {
  title: string;
  /** Fields that narrow the list. */
  filters?: ReactNode;
  /** The button that adds to it. */
  action?: ReactNode;
  /** What the reader should know before reading on. */
  notice?: ReactNode;
  children: ReactNode;
}

/** The frame of a page that is one long list: a bar that stays, and what is scrolled below it. */
export function ListPage({ title, filters, action, notice, children }: Props) {
  return (
    <div className={styles["page"]}>
      <div className={styles["bar"]}>
        <h1>{title}</h1>
        {filters && <div className={styles["filters"]}>{filters}</div>}
        {action && <div className={styles["action"]}>{action}</div>}
      </div>
      {notice}
      <div className={styles["scroller"]}>{children}</div>
    </div>
  );
}

interface MoreProps {
  /** What the button says, such as "Show more sources". */
  label: string;
  shown: number;
  isLoading: boolean;
  onMore: () => void;
}

/** The end of a page of a list that goes on. */
export function More({ label, shown, isLoading, onMore }: MoreProps) {
  return (
    <div className={styles["more"]}>
      <Button variant="default" loading={isLoading} onClick={onMore}>
        {label}
      </Button>
      <span className="muted">{formatCount(shown)} shown</span>
    </div>
  );
}

/** Lines in the place of those that are asked for. */
export function Skeletons({ label }: { label: string }) {
  return (
    <div className={styles["skeletons"]} role="status">
      <span className="visually-hidden">{label}</span>
      {[1, 2, 3, 4].map((line) => (
        <Skeleton key={line} height={34} />
      ))}
    </div>
  );
}
