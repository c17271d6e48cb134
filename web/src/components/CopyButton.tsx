import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { copyText } from "@/state/clipboard";
import { Icon } from "./Icon";

interface Props {
  text: string;
  label: string;
  /** As a button with words instead of an icon alone. */
  withText?: boolean;
}

type Result = "ready" | "copied" | "failed";

const WORDS: Record<Result, string> = { ready: "Copy", copied: "Copied", failed: "Not copied" };

/** Copies, and says so to eyes and screen readers. */
export function CopyButton({ text, label, withText = false }: Props) {
  const [result, setResult] = useState<Result>("ready");
  useEffect(() => {
    if (result === "ready") return;
    const timer = setTimeout(() => setResult("ready"), 2000);
    return () => clearTimeout(timer);
  }, [result]);
  const copy = () => {
    copyText(text).then(
      () => setResult("copied"),
      () => setResult("failed"),
    );
  };
  const icon = <Icon name={result === "copied" ? "check" : "copy"} size={16} />;
  return (
    <>
      {withText ? (
        <Button variant="default" size="xs" leftSection={icon} aria-label={label} onClick={copy}>
          {WORDS[result]}
        </Button>
      ) : (
        <Tooltip label={result === "ready" ? label : WORDS[result]}>
          <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={copy}>
            {icon}
          </ActionIcon>
        </Tooltip>
      )}
      <span className="visually-hidden" role="status">
        {result === "ready" ? "" : WORDS[result]}
      </span>
    </>
  );
}
