import { Button } from "@mantine/core";
import styles from "./Provider.module.css";

interface Props {
  /** As people know it. */
  name: string;
  url: string;
  /** Where to go once they are signed in. */
  next: string;
  /** Whether another way in stands below. */
  isOneOfMany: boolean;
}

/** Leads to the organisation's own sign-in. */
export function Provider({ name, url, next, isOneOfMany }: Props) {
  return (
    <div className={styles["provider"]}>
      <Button
        component="a"
        href={`${url}?${new URLSearchParams({ next })}`}
        size="md"
        variant="default"
      >
        Continue with {name}
      </Button>
      {isOneOfMany && <span className={styles["or"]}>or</span>}
    </div>
  );
}
