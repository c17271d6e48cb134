import type { ReactNode } from "react";
import styles from "./Section.module.css";

interface PageProps {
  /** What the reader should know before reading on. */
  notice?: ReactNode;
  /** For what stands side by side. */
  isWide?: boolean;
  children: ReactNode;
}

/** The frame of a page that is read from top to bottom, such as one with settings. */
export function SectionsPage({ notice, isWide = false, children }: PageProps) {
  return (
    <div className={styles["scroller"]}>
      {notice}
      <div className={styles["page"]} data-wide={isWide || undefined}>
        {children}
      </div>
    </div>
  );
}

interface Props {
  title: string;
  children: ReactNode;
}

/** A part of such a page, in a box with its title. */
export function Section({ title, children }: Props) {
  return (
    <section className={styles["section"]} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
