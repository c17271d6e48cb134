import { useState } from "react";
import type { Member } from "@/api/types";
import { Chip } from "@/components/Chip";
import { timeTooltip } from "@/format";
import { roleLabel, useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { ChangeRole } from "./ChangeRole";
import { MemberMenu, type Step } from "./MemberMenu";
import { RemoveMember } from "./RemoveMember";
import { ResetLink } from "./ResetLink";
import { SignOutMember } from "./SignOutMember";
import { lastSignInWords, memberName, signInWords, sourcesWords } from "./words";
import styles from "./MemberTable.module.css";

const COLUMNS = ["Name", "Role", "Signs in with", "Last sign-in"];

/** Members, one row each, with what can be done about them. */
export function MemberTable({ members }: { members: readonly Member[] }) {
  const now = useNow(30_000);
  const [opened, setOpened] = useState<{ member: Member; step: Step } | null>(null);
  // The words of a dialog stay as they are while it closes.
  const shown = (step: Step) => ({
    member: opened?.step === step ? opened.member : null,
    onClose: () => setOpened(null),
  });
  return (
    <>
      <div role="table" aria-label="Members" className={styles["table"]}>
        <div role="row" className={styles["head"]}>
          {COLUMNS.map((name) => (
            <div key={name} role="columnheader">
              {name}
            </div>
          ))}
          <div role="columnheader">
            <span className="visually-hidden">Actions</span>
          </div>
        </div>
        {members.map((member) => (
          <Row
            key={member.id}
            member={member}
            now={now}
            onStep={(step) => setOpened({ member, step })}
          />
        ))}
      </div>
      <ChangeRole {...shown("role")} />
      <ResetLink {...shown("reset")} />
      <SignOutMember {...shown("sign-out")} />
      <RemoveMember {...shown("remove")} />
    </>
  );
}

interface RowProps {
  member: Member;
  now: Date;
  onStep: (step: Step) => void;
}

function Row({ member, now, onStep }: RowProps) {
  const isMe = useMe().member?.id === member.id;
  const at = member.signed_in_at;
  return (
    <div role="row" className={styles["row"]} aria-current={isMe ? "true" : undefined}>
      <div role="cell" data-cell="name" className={styles["name"]}>
        <div className={styles["line"]}>
          <bdi className={styles["title"]}>{memberName(member)}</bdi>
          {isMe && <Chip tone="good">You</Chip>}
        </div>
        {member.name !== "" && <bdi className={styles["email"]}>{member.email}</bdi>}
      </div>
      <div role="cell" data-cell="role">
        {roleLabel(member.role)}
        {member.sources && (
          <div className={styles["sources"]} title={member.sources.join("\n")}>
            {sourcesWords(member.sources)}
          </div>
        )}
      </div>
      <div role="cell" data-cell="way" className="muted">
        {signInWords(member)}
      </div>
      <div role="cell" data-cell="last" className="muted" title={at ? timeTooltip(at) : undefined}>
        <span className={styles["unit"]}>Last sign-in: </span>
        {lastSignInWords(member, now)}
      </div>
      <div role="cell" data-cell="actions">
        <MemberMenu member={member} isMe={isMe} onStep={onStep} />
      </div>
    </div>
  );
}
