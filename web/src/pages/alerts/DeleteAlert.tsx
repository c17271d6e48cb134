import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { alerts } from "@/api/alerts";
import type { Alert, Versioned } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { navigate } from "@/state/url";
import { listsChanged } from "./useAlerts";
import { nameOf } from "./words";
import styles from "@/pages/destinations/DeleteDestination.module.css";

interface Props {
  current: Versioned<Alert>;
  onLoad: () => void;
}

/** Deletes an alert, once that was confirmed. */
export function DeleteAlert({ current, onLoad }: Props) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const { slug } = current.value;
  const run = async () => {
    await alerts.remove(slug, current.etag);
    navigate("/alerts", { replace: true });
    listsChanged(client);
  };
  return (
    <div className={styles["line"]}>
      <p className="muted">Nobody is told anything of it any more.</p>
      <Button variant="default" className={styles["delete"] ?? ""} onClick={() => setOpen(true)}>
        Delete alert…
      </Button>
      <Confirm
        title={`Delete ${nameOf(current.value)}?`}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        action="Delete the alert"
        isDanger
        run={run}
        thing="this alert"
        onLoad={onLoad}
      >
        <p>Its addresses and secrets go with it. This cannot be undone.</p>
      </Confirm>
    </div>
  );
}
