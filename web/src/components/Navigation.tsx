import { UnstyledButton } from "@mantine/core";
import { useState } from "react";
import type { PageEntry } from "@/pages/pages";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";
import { Link } from "./Link";
import styles from "./Navigation.module.css";

/** As many as fit beside each other on a phone, "More" among them. */
const TABS_MAX = 5;

interface Group {
  name: string;
  pages: readonly PageEntry[];
}

interface Props {
  groups: readonly Group[];
  current: PageEntry;
}

/**
 * The pages: a column beside the content where there is room, else a bar below it.
 *
 * The bar has the first pages, and the others in a dialog behind "More".
 */
export function Navigation({ groups, current }: Props) {
  const [isMoreOpen, setMoreOpen] = useState(false);
  const pages = groups.flatMap((group) => group.pages);
  const tabs = pages.length <= TABS_MAX ? pages : pages.slice(0, TABS_MAX - 1);
  const isBehind = pages.includes(current) && !tabs.includes(current);
  return (
    <nav className={styles["nav"]} aria-label="Pages">
      {groups.map((group) => (
        <div key={group.name} className={styles["group"]} role="group" aria-label={group.name}>
          <span className={styles["title"]} aria-hidden="true">
            {group.name}
          </span>
          {group.pages.map((page) => (
            <Link
              key={page.path}
              className={`${styles["link"]} ${tabs.includes(page) ? "" : styles["behind"]}`}
              path={page.path}
              isCurrent={page === current}
            >
              <Icon name={page.icon} />
              <span className={styles["word"]}>{page.title}</span>
            </Link>
          ))}
        </div>
      ))}
      {tabs.length < pages.length && (
        <UnstyledButton
          className={`${styles["link"]} ${styles["more"]}`}
          aria-haspopup="dialog"
          data-current={isBehind || undefined}
          onClick={() => setMoreOpen(true)}
        >
          <Icon name="more" />
          <span className={styles["word"]}>More</span>
        </UnstyledButton>
      )}
      <Dialog title="More pages" isOpen={isMoreOpen} onClose={() => setMoreOpen(false)}>
        <ul className={styles["list"]} onClick={() => setMoreOpen(false)}>
          {pages
            .filter((page) => !tabs.includes(page))
            .map((page) => (
              <li key={page.path}>
                <Link className={styles["item"]} path={page.path} isCurrent={page === current}>
                  <Icon name={page.icon} />
                  {page.title}
                </Link>
              </li>
            ))}
        </ul>
      </Dialog>
    </nav>
  );
}
