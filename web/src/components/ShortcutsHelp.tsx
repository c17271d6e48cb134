import { Kbd, Switch } from "@mantine/core";
import { Fragment } from "react";
import {
  setShortcutsEnabled,
  useShortcutList,
  useShortcutsEnabled,
  type Shortcut,
} from "@/state/shortcuts";
import { Dialog } from "./Dialog";
import styles from "./ShortcutsHelp.module.css";

const EVERYWHERE = "Everywhere";
const NAMES: Record<string, string> = {
  " ": "Space",
  Escape: "Esc",
  ArrowDown: "↓",
  ArrowUp: "↑",
};

interface Props {
  isOpen: boolean;
  onClose: () => void;
}

/** Every shortcut that works on the page behind it. */
export function ShortcutsHelp({ isOpen, onClose }: Props) {
  const shortcuts = useShortcutList();
  const isEnabled = useShortcutsEnabled();
  const named = [...new Set(shortcuts.map((shortcut) => shortcut.group))];
  // The page's own first, what works on every page last.
  const groups = [...named.filter((group) => group !== EVERYWHERE), EVERYWHERE];
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      {groups.map((group) => (
        <section key={group} className={styles["group"]}>
          <h3>{group}</h3>
          <dl className={styles["list"]}>
            {shortcuts
              .filter((shortcut) => shortcut.group === group)
              .map((shortcut) => (
                <div key={shortcut.label}>
                  <dt>
                    <Keys shortcut={shortcut} />
                  </dt>
                  <dd>{shortcut.label}</dd>
                </div>
              ))}
          </dl>
        </section>
      ))}
      <Switch
        checked={isEnabled}
        onChange={(event) => setShortcutsEnabled(event.currentTarget.checked)}
        label="Shortcuts of a single key"
        description="Switch off when speech input or a screen reader types letters. Esc always works."
      />
      <p className={styles["licenses"]}>
        <a href="/licenses.txt" target="_blank" rel="noreferrer">
          Licences of the packages in this app
        </a>
      </p>
    </Dialog>
  );
}

function Keys({ shortcut }: { shortcut: Shortcut }) {
  return shortcut.keys.map((keys, index) => (
    <Fragment key={keys}>
      {index > 0 && <span className="muted"> or </span>}
      {(keys === " " ? [" "] : keys.split(" ")).map((key) => (
        <Fragment key={key}>
          <Kbd>{NAMES[key] ?? key}</Kbd>{" "}
        </Fragment>
      ))}
    </Fragment>
  ));
}
