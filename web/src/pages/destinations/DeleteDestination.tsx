import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Destination, Versioned } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { focusedFirst } from "@/components/Dialog";
import { navigate } from "@/state/url";
import { listsChanged } from "./useDestinations";
import { nameOf } from "./words";
import forms from "@/components/forms.module.css";
import styles from "./DeleteDestination.module.css";

interface Props {
  current: Versioned<Destination>;
  onLoad: () => void;
}

/** Deletes a destination, once its slug was typed. */
export function DeleteDestination({ current, onLoad }: Props) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const { slug } = current.value;
  const close = () => {
    setOpen(false);
    setTyped("");
  };
  const run = async () => {
    await api.deleteDestination(slug, current.etag);
    navigate("/destinations", { replace: true });
    listsChanged(client);
  };
  return (
    <div className={styles["line"]}>
      <p className="muted">Nothing is sent to it any more. The events stay stored.</p>
      <Button variant="default" className={styles["delete"] ?? ""} onClick={() => setOpen(true)}>
        Delete destination…
      </Button>
      <Confirm
        title={`Delete ${nameOf(current.value)}?`}
        isOpen={isOpen}
        onClose={close}
        action="Delete the destination"
        isDanger
        isReady={typed === slug}
        run={run}
        thing="this destination"
        onLoad={onLoad}
      >
        <p>This cannot be undone.</p>
        <ul>
          <li>Within two seconds, no event is sent to it any more.</li>
          <li>Its books and its dead letters go with it, and what waits is not delivered.</li>
          <li>The events themselves stay stored and can be searched.</li>
          <li>
            The slug <code>{slug}</code> is never free again.
          </li>
        </ul>
        <TextInput
          ref={focusedFirst}
          label={`Type ${slug} to confirm`}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          classNames={{ input: forms["mono"] ?? "" }}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </Confirm>
    </div>
  );
}
