import { ActionIcon, Menu } from "@mantine/core";
import type { Member } from "@/api/types";
import { Icon } from "@/components/Icon";
import { useMe } from "@/state/me";
import { navigate } from "@/state/url";
import { mayManage, memberName } from "./words";
import styles from "./MemberMenu.module.css";

/** What can be done about a member. */
export type Step = "role" | "reset" | "sign-out" | "remove";

interface Props {
  member: Member;
  isMe: boolean;
  onStep: (step: Step) => void;
}

/** The steps that the reader may take; one's own are on the page of one's account. */
export function MemberMenu({ member, isMe, onStep }: Props) {
  const me = useMe();
  const canManage = mayManage(me, member.role);
  if (!isMe && !canManage) return null;
  const item = (step: Step, words: string) => (
    <Menu.Item onClick={() => onStep(step)}>{words}</Menu.Item>
  );
  return (
    <Menu position="bottom-end" shadow="lg" withinPortal returnFocus>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={`Actions for ${memberName(member)}`}
        >
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isMe && <Menu.Item onClick={() => navigate("/account")}>Your account</Menu.Item>}
        {canManage && item("role", "Change role…")}
        {canManage && !isMe && item("reset", "Make a reset link…")}
        {canManage && !isMe && item("sign-out", "Sign out everywhere…")}
        {canManage && !isMe && (
          <Menu.Item className={styles["danger"] ?? ""} onClick={() => onStep("remove")}>
            Remove…
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
