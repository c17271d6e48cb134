import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { Dialog, focusedFirst } from "./Dialog";
import { Conflict, Problem } from "./notices";
import { isOutdated, problemBeside } from "./problems";
import styles from "./forms.module.css";

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** What the button says. */
  action: string;
  isDanger?: boolean;
  /** Whether the button may be pressed. */
  isReady?: boolean;
  run: () => Promise<unknown>;
  /** What is changed, as a conflict calls it. */
  thing?: string;
  /** Loads the new state, where the one that the reader saw is not the current one. */
  onLoad?: () => void;
  children: ReactNode;
}

/** Says what a step will do, and does it when told to. */
export function Confirm({ title, isOpen, onClose, ...rest }: Props) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <ConfirmForm onClose={onClose} {...rest} />
    </Dialog>
  );
}

type FormProps = Omit<Props, "title" | "isOpen">;

function ConfirmForm(props: FormProps) {
  const {
    onClose,
    action,
    isDanger = false,
    isReady = true,
    run,
    thing = "it",
    onLoad,
    children,
  } = props;
  const doing = useMutation({ mutationFn: run, onSuccess: onClose });
  const problem = problemBeside([], doing.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) doing.mutate();
  };
  return (
    <form className={styles["form"]} onSubmit={submit} noValidate>
      <div className={styles["words"]}>{children}</div>
      {problem && <Problem text={problem} />}
      {isOutdated(doing.error) && onLoad && (
        <Conflict
          thing={thing}
          onLoad={() => {
            onLoad();
            onClose();
          }}
        />
      )}
      <div className={styles["buttons"]}>
        <Button ref={focusedFirst} variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          color={isDanger ? "red.8" : "petrol"}
          disabled={!isReady || isOutdated(doing.error)}
          loading={doing.isPending}
        >
          {action}
        </Button>
      </div>
    </form>
  );
}
