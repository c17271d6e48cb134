import { CloseButton } from "@mantine/core";
import { useEffect, useId, useRef, type ReactNode } from "react";
import styles from "./Dialog.module.css";

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** For what is lost with the dialog: a slip of the pointer does not close it. */
  staysOnClickBeside?: boolean;
  children: ReactNode;
}

/** As `ref`, makes the browser put the focus there when the dialog opens. */
export const focusedFirst = (element: HTMLElement | null): void =>
  element?.setAttribute("autofocus", "");

/** A modal dialog, the browser's own: it keeps the focus and closes on Escape. */
export function Dialog(props: Props) {
  const { title, isOpen, onClose, staysOnClickBeside = false, children } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (isOpen && !dialog.open) dialog.showModal();
    if (!isOpen && dialog.open) dialog.close();
  }, [isOpen]);
  return (
    <dialog
      ref={ref}
      className={styles["dialog"]}
      aria-labelledby={titleId}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === ref.current && !staysOnClickBeside) onClose();
      }}
    >
      {isOpen && (
        <>
          <div className={styles["head"]}>
            <h2 id={titleId}>{title}</h2>
            <CloseButton aria-label="Close" onClick={onClose} />
          </div>
          <div className={styles["body"]}>{children}</div>
        </>
      )}
    </dialog>
  );
}
