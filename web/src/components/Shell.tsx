import { useState, type ReactNode } from "react";
import { GROUPS, PAGES, homeOf, maySee, type PageEntry } from "@/pages/pages";
import { useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { navigate } from "@/state/url";
import { ColorSchemeMenu } from "./ColorSchemeMenu";
import { IconAction } from "./IconAction";
import { Link } from "./Link";
import { Mark } from "./Mark";
import { Navigation } from "./Navigation";
import { ShortcutsHelp } from "./ShortcutsHelp";
import { UserMenu } from "./UserMenu";
import styles from "./Shell.module.css";

/** What a workspace is called that nobody gave a name. */
const PRODUCT = "Tailrace";

interface Props {
  current: PageEntry;
  children: ReactNode;
}

/** The frame of every page: workspace, navigation, colour scheme, shortcuts, who is signed in. */
export function Shell({ current, children }: Props) {
  const me = useMe();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const pages = PAGES.filter((page) => maySee(me, page));
  const groups = GROUPS.map((name) => ({
    name,
    pages: pages.filter((page) => page.group === name),
  })).filter((group) => group.pages.length > 0);
  const home = homeOf(me);
  const { name } = me.workspace;
  return (
    <div className={styles["shell"]}>
      <PageShortcuts
        key={pages.map(({ key }) => key).join(" ")}
        pages={pages}
        onHelp={() => setHelpOpen(true)}
      />
      <header className={styles["header"]}>
        <a className={styles["skip"]} href="#main">
          Skip to the content
        </a>
        <Link className={styles["brand"]} path={home.path} label={`Tailrace, to ${home.title}`}>
          <Mark />
          <span className={name === PRODUCT ? "" : styles["product"]}>{PRODUCT}</span>
        </Link>
        {name !== PRODUCT && <bdi className={styles["workspace"]}>{name}</bdi>}
        <div className={styles["actions"]}>
          <ColorSchemeMenu />
          <span className={styles["keyboard"]}>
            <IconAction
              icon="keyboard"
              label="Keyboard shortcuts"
              onClick={() => setHelpOpen(true)}
            />
          </span>
          <UserMenu />
        </div>
      </header>
      <Navigation groups={groups} current={current} />
      <main id="main" className={styles["main"]} tabIndex={-1}>
        {children}
      </main>
      <ShortcutsHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </div>
  );
}

interface PageShortcutsProps {
  pages: readonly PageEntry[];
  onHelp: () => void;
}

function PageShortcuts({ pages, onHelp }: PageShortcutsProps) {
  useShortcuts([
    ...pages.map((page) => ({
      keys: [`g ${page.key}`],
      label: `Go to ${page.title}`,
      group: "Everywhere",
      run: () => navigate(page.path),
    })),
    { keys: ["?"], label: "Show the keyboard shortcuts", group: "Everywhere", run: onHelp },
  ]);
  return null;
}
