import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import type { NewLink } from "@/api/types";
import { CopyBox } from "@/components/CopyBox";
import { formatAgo, formatMinute, timeTooltip } from "@/format";
import forms from "@/components/forms.module.css";

interface Props {
  link: NewLink;
  /** What the button that copies does. */
  label: string;
  onClose: () => void;
  children: ReactNode;
}

/** A link that is good once and shown once. */
export function OneLink({ link, label, onClose, children }: Props) {
  const { url, expires_at: expiresAt } = link;
  return (
    <div className={forms["form"]}>
      <p role="status">{children}</p>
      <CopyBox text={url} label={label} isNew />
      <p className="muted">
        It works once, until{" "}
        <time dateTime={expiresAt} title={timeTooltip(expiresAt)}>
          {formatMinute(expiresAt)}
        </time>{" "}
        ({formatAgo(expiresAt)}), and is not shown again. Whoever has it can use it, so send it to
        nobody else.
      </p>
      <div className={forms["buttons"]}>
        <Button onClick={onClose} autoFocus>
          Done
        </Button>
      </div>
    </div>
  );
}
