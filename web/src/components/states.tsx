import { Button, Loader } from "@mantine/core";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { capitalised } from "@/format";
import { Icon, type IconName } from "./Icon";
import styles from "./states.module.css";

/** The states that every view has besides being full: waiting, empty, failed. */

export function Waiting({ label }: { label: string }) {
  return (
    <div className={`${styles["state"]} ${styles["whole"]}`} role="status">
      <Loader type="dots" aria-hidden="true" />
      <span className="visually-hidden">{label}</span>
    </div>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}

export function Empty({ icon, title, children, actions }: EmptyProps) {
  return (
    <div className={styles["state"]}>
      <Icon name={icon} size={30} />
      <div className={styles["title"]}>{title}</div>
      {children && <div className={styles["detail"]}>{children}</div>}
      {actions && <div className={styles["actions"]}>{actions}</div>}
    </div>
  );
}

interface FailureProps {
  error: Error;
  onRetry?: () => void;
  isWholePage?: boolean;
}

export function Failure({ error, onRetry, isWholePage = false }: FailureProps) {
  return (
    <div className={`${styles["state"]} ${isWholePage ? styles["whole"] : ""}`} role="alert">
      <span className={styles["badIcon"]}>
        <Icon name="warning" size={30} />
      </span>
      <div className={styles["title"]}>{failureTitle(error)}</div>
      <div className={styles["detail"]}>{capitalised(error.message)}</div>
      {onRetry && (
        <div className={styles["actions"]}>
          <Button variant="default" leftSection={<Icon name="refresh" />} onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

function failureTitle(error: Error): string {
  if (!(error instanceof ApiError)) return "Something went wrong";
  if (error.status === 0) return "No connection";
  return error.problem.title || "The server refused";
}
