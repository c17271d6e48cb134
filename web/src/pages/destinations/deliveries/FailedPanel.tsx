import { ActionIcon } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "@/components/Icon";
import { TypeBadge } from "@/components/TypeBadge";
import { useShortcuts } from "@/state/shortcuts";
import panel from "@/components/panel/EventPanel.module.css";

interface Props {
  /** What it shows, such as "dead letter". */
  what: string;
  group: string;
  title: string;
  type: string | null;
  onClose: () => void;
  children: ReactNode;
}

/** The frame beside a list for one event of it. */
export function FailedPanel({ what, group, title, type, onClose, children }: Props) {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // On the phone the panel covers the list, so the focus goes along with the eyes.
    if (matchMedia("(max-width: 760px)").matches) close.current?.focus();
  }, []);
  useShortcuts([{ keys: ["Escape"], label: `Close the ${what}`, group, run: onClose }]);
  const name = what.charAt(0).toUpperCase() + what.slice(1);
  return (
    <section className={panel["panel"]} aria-label={`${name}: ${title}`}>
      <header className={panel["head"]}>
        <div className={panel["name"]}>
          {type && <TypeBadge type={type} />}
          <h2 title={title}>{title}</h2>
        </div>
        <div className={panel["actions"]}>
          <ActionIcon
            ref={close}
            variant="subtle"
            color="gray"
            size={34}
            aria-label={`Close the ${what}`}
            onClick={onClose}
          >
            <Icon name="close" />
          </ActionIcon>
        </div>
      </header>
      <div className={panel["body"]}>{children}</div>
    </section>
  );
}
