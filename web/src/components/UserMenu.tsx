import { Menu, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { myName, roleLabel, useMe } from "@/state/me";
import { signOut } from "@/state/session";
import { navigate } from "@/state/url";
import { Icon } from "./Icon";
import styles from "./UserMenu.module.css";

/** Who is signed in, what is theirs, and the way out. */
export function UserMenu() {
  const me = useMe();
  const queryClient = useQueryClient();
  const name = myName(me);
  const role = roleLabel(me.role);
  return (
    // In the header and not in a portal, so that it belongs to one of the page's regions.
    <Menu
      position="bottom-end"
      shadow="lg"
      withinPortal={false}
      withInitialFocusPlaceholder={false}
      width={248}
    >
      <Menu.Target>
        <UnstyledButton
          className={styles["target"] ?? ""}
          aria-label={`Your menu: ${me.member ? `${name}, ${role}` : name}`}
        >
          <span className={styles["initials"]} data-initials={initialsOf(name)} />
          <span className={styles["name"]}>
            <bdi>{name}</bdi>
          </span>
          <Icon name="chevronDown" size={15} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={styles["who"]}>
          <bdi className={styles["whole"]}>{name}</bdi>
          {me.member && me.member.email !== name && (
            <span className={styles["email"]}>{me.member.email}</span>
          )}
          <span className="muted">{me.member ? role : "Signed in with a token"}</span>
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="user" />} onClick={() => navigate("/account")}>
          Account
        </Menu.Item>
        <Menu.Item
          component="a"
          href="/api/docs"
          target="_blank"
          rel="noreferrer"
          leftSection={<Icon name="docs" />}
        >
          API reference
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="signOut" />} onClick={() => void signOut(queryClient)}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The first letters of the first and the last word: "Ada King Lovelace" is "AL". */
export function initialsOf(name: string): string {
  const words =
    name
      .split("@")[0]
      ?.split(/[\s._-]+/u)
      .filter(Boolean) ?? [];
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return letters
    .map((word) => (word ? String.fromCodePoint(word.codePointAt(0) ?? 63) : ""))
    .join("")
    .toUpperCase();
}
