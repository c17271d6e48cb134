import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api } from "@/api/calls";
import { PAGES, type PageEntry } from "@/pages/pages";
import { useShortcuts } from "@/state/shortcuts";
import { navigate } from "@/state/url";
import { Icon, type IconName } from "./Icon";
import { Link } from "./Link";
import { Mark } from "./Mark";
import { ShortcutsHelp } from "./ShortcutsHelp";
import styles from "./Shell.module.css";

interface Props {
  current: PageEntry;
  children: ReactNode;
}

/** The frame of every page: product, navigation, colour scheme, shortcuts, sign-out. */
export function Shell({ current, children }: Props) {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts([
    ...PAGES.map((page) => ({
      keys: [`g ${page.key}`],
      label: `Go to ${page.title}`,
      group: "Everywhere",
      run: () => navigate(page.path),
    })),
    {
      keys: ["?"],
      label: "Show the keyboard shortcuts",
      group: "Everywhere",
      run: () => setHelpOpen(true),
    },
  ]);
  return (
    <div className={styles["shell"]}>
      <header className={styles["header"]}>
        <a className={styles["skip"]} href="#main">
          Skip to the content
        </a>
        <Link className={styles["brand"]} path="/live" label="Tailrace, to the live events">
          <Mark />
          <span className={styles["name"]}>Tailrace</span>
        </Link>
        <nav className={styles["nav"]} aria-label="Pages">
          {PAGES.map((page) => (
            <Link
              key={page.path}
              className={styles["link"]}
              path={page.path}
              isCurrent={page === current}
            >
              <Icon name={page.icon} size={17} />
              {page.title}
            </Link>
          ))}
        </nav>
        <div className={styles["actions"]}>
          <ColorSchemeMenu />
          <span className={styles["keyboard"]}>
            <IconAction
              icon="keyboard"
              label="Keyboard shortcuts"
              onClick={() => setHelpOpen(true)}
            />
          </span>
          <SignOut />
        </div>
      </header>
      <main id="main" className={styles["main"]} tabIndex={-1}>
        {children}
      </main>
      <ShortcutsHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </div>
  );
}

interface IconActionProps {
  icon: IconName;
  label: string;
  onClick: () => void;
}

function IconAction({ icon, label, onClick }: IconActionProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={36} aria-label={label} onClick={onClick}>
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}

const SCHEMES = [
  { value: "auto", label: "Like the system", icon: "system" },
  { value: "light", label: "Light", icon: "sun" },
  { value: "dark", label: "Dark", icon: "moon" },
] as const;

function ColorSchemeMenu() {
  // Mantine would switch transitions off through a style element, which our policy refuses.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const current = SCHEMES.find((scheme) => scheme.value === colorScheme) ?? SCHEMES[0];
  const [isOpen, setOpen] = useState(false);
  return (
    <Menu position="bottom-end" shadow="lg" withinPortal opened={isOpen} onChange={setOpen}>
      <Menu.Target>
        <Tooltip label="Colour scheme" disabled={isOpen}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={`Colour scheme: ${current.label}`}
          >
            <Icon name={current.icon} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(({ value, label, icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon name={icon} />}
            rightSection={value === colorScheme ? <Icon name="check" size={15} /> : null}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SignOut() {
  const queryClient = useQueryClient();
  const signOut = async () => {
    try {
      await api.signOut();
    } finally {
      // Whatever the server said, nothing of the events stays in this browser's memory.
      queryClient.clear();
      location.assign("/");
    }
  };
  return <IconAction icon="signOut" label="Sign out" onClick={() => void signOut()} />;
}
