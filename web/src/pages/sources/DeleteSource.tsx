import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { VersionedSource } from "@/api/types";
import { focusedFirst } from "@/components/Dialog";
import { navigate } from "@/state/url";
import { Confirm } from "@/components/Confirm";
import { listsChanged } from "./useSources";
import { nameOf } from "./words";
import forms from "@/components/forms.module.css";
import styles from "./DeleteSource.module.css";

interface Props {
  current: VersionedSource;
  onLoad: () => void;
}

/** Deletes a source, once its slug was typed. */
export function DeleteSource({ current, onLoad }: Props) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const { slug } = current.source;
  const close = () => {
    setOpen(false);
    setTyped("");
  };
  const run = async () => {
    await api.deleteSource(slug, current.etag);
    navigate("/sources", { replace: true });
    listsChanged(client);
  };
  return (
    <div className={styles["line"]}>
      <p className="muted">Its write keys end at once. Its events stay and can be searched.</p>
      <Button variant="default" className={styles["delete"] ?? ""} onClick={() => setOpen(true)}>
        Delete source…
      </Button>
      <Confirm
        title={`Delete ${nameOf(current.source)}?`}
        isOpen={isOpen}
        onClose={close}
        action="Delete the source"
        isDanger
        isReady={typed === slug}
        run={run}
        thing="this source"
        onLoad={onLoad}
      >
        <p>This cannot be undone.</p>
        <ul>
          <li>
            Within two seconds, senders get <code>400 unknown_source</code> and give up: what they
            send is lost.
          </li>
          <li>Events that came before stay, and can be searched.</li>
          <li>
            The slug <code>{slug}</code> is never free again, since those events carry it.
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
