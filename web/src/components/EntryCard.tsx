import type { ReactNode } from "react";
import { Mark } from "./Mark";
import styles from "./EntryCard.module.css";

interface Props {
  title: string;
  children: ReactNode;
  /** Below a line: what helps who cannot go on. */
  help?: ReactNode;
}

/** The frame of the pages that are there before anybody is signed in. */
export function EntryCard({ title, children, help }: Props) {
  return (
    <main className={styles["page"]}>
      <div className={styles["card"]}>
        <div className={styles["brand"]}>
          <Mark size={36} />
          <h1>{title}</h1>
        </div>
        {children}
        {help && <div className={styles["help"]}>{help}</div>}
      </div>
    </main>
  );
}
