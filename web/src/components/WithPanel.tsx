import type { ReactNode } from "react";
import styles from "./WithPanel.module.css";

interface Props {
  children: ReactNode;
  /** Beside the content where there is room, over it on tablets, instead of it on phones. */
  panel: ReactNode | null;
}

export function WithPanel({ children, panel }: Props) {
  return (
    <div className={`${styles["frame"]} ${panel ? styles["open"] : ""}`}>
      <div className={styles["content"]}>{children}</div>
      {panel && (
        <aside className={styles["panel"]} data-panel>
          {panel}
        </aside>
      )}
    </div>
  );
}
