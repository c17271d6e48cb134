import { Button } from "@mantine/core";
import { capitalised } from "@/format";
import { Icon } from "./Icon";
import styles from "./notices.module.css";

interface Props {
  error: Error;
  onRetry: () => void;
}

/** What is shown is older than it seems, because asking again failed. */
export function Stale({ error, onRetry }: Props) {
  return (
    <div className={`${styles["notice"]} ${styles["line"]}`} role="alert">
      <Icon name="warning" />
      <span className={styles["words"]}>
        <strong>This is not up to date.</strong> {capitalised(error.message)}
      </span>
      <Button variant="default" size="xs" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

interface ConflictProps {
  /** What was changed, such as "this source". */
  thing: string;
  onLoad: () => void;
}

/** Somebody else was faster: nothing of the reader's was saved, and nothing of theirs is lost. */
export function Conflict({ thing, onLoad }: ConflictProps) {
  return (
    <div className={`${styles["notice"]} ${styles["box"]}`} role="alert">
      <Icon name="warning" />
      <span className={styles["words"]}>
        <strong>Somebody else changed {thing}.</strong> Nothing of yours was saved. Load the new
        state, then make your change again.
      </span>
      <Button variant="default" size="xs" onClick={onLoad}>
        Load the new state
      </Button>
    </div>
  );
}

/** A problem that belongs to no field in sight. */
export function Problem({ text }: { text: string }) {
  return (
    <p className={styles["problem"]} role="alert">
      {text}
    </p>
  );
}
