import type { MouseEvent, ReactNode } from "react";
import { navigate } from "@/state/url";

interface Props {
  path: string;
  className?: string | undefined;
  children: ReactNode;
  isCurrent?: boolean;
  label?: string;
}

/** A link within the app: followed without loading it anew, opened in a tab like any other. */
export function Link({ path, className, children, isCurrent = false, label }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(path);
  };
  return (
    <a
      className={className}
      href={path}
      onClick={follow}
      aria-current={isCurrent ? "page" : undefined}
      aria-label={label}
    >
      {children}
    </a>
  );
}
