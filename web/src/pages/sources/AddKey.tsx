import { Button, Radio, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { WriteKey } from "@/api/types";
import { CopyBox } from "@/components/CopyBox";
import { Dialog, focusedFirst } from "@/components/Dialog";
import { Problem } from "@/components/notices";
import { problemAt, problemBeside } from "@/components/problems";
import { useKeysChanged, useOnce } from "./useSources";
import { OVERLAPS } from "./words";
import forms from "@/components/forms.module.css";

interface Props {
  slug: string;
  isOpen: boolean;
  onClose: () => void;
}

/** Makes another write key; with an overlap it takes the place of the others. */
export function AddKey({ slug, isOpen, onClose }: Props) {
  return (
    <Dialog title="Add a write key" isOpen={isOpen} onClose={onClose}>
      <AddKeyForm slug={slug} onClose={onClose} />
    </Dialog>
  );
}

function AddKeyForm({ slug, onClose }: Omit<Props, "isOpen">) {
  const refresh = useKeysChanged(slug);
  const [label, setLabel] = useState("");
  const [overlap, setOverlap] = useState("day");
  const chosen = OVERLAPS.find(({ value }) => value === overlap);
  const draft = { label: label.trim(), overlap_s: chosen?.seconds ?? null };
  const once = useOnce(JSON.stringify(draft));
  const add = useMutation({
    mutationFn: () => api.addWriteKey(slug, draft, once),
    onSuccess: refresh,
  });
  if (add.data) return <Made writeKey={add.data} overlap={overlap} onClose={onClose} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const other = problemBeside(["label"], add.error);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      <TextInput
        ref={focusedFirst}
        label="Label"
        description="What it is for, such as a release or a team. May be empty."
        maxLength={200}
        autoComplete="off"
        value={label}
        error={problemAt("label", add.error)}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <Radio.Group label="What becomes of the other keys?" value={overlap} onChange={setOverlap}>
        <div className={forms["radios"]}>
          {OVERLAPS.map(({ value, label: words }) => (
            <Radio key={value} value={value} label={words} />
          ))}
        </div>
      </Radio.Group>
      <p className="muted">
        {overlap === "stay"
          ? "Nothing changes for apps that send with another key."
          : "After that, senders that still use another key get 400 unknown_source and give up: what they send is lost."}
      </p>
      {other && <Problem text={other} />}
      <div className={forms["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={add.isPending}>
          {overlap === "stay" ? "Add key" : "Rotate"}
        </Button>
      </div>
    </form>
  );
}

interface MadeProps {
  writeKey: WriteKey;
  overlap: string;
  onClose: () => void;
}

function Made({ writeKey, overlap, onClose }: MadeProps) {
  return (
    <div className={forms["form"]}>
      <p role="status">The new write key is taken within two seconds. Put it into your apps.</p>
      <CopyBox text={writeKey.key} label="Copy the new write key" isNew />
      {overlap !== "stay" && overlap !== "now" && (
        <p className="muted">
          Each key shows when it was used last: an old one that nobody uses may go.
        </p>
      )}
      <div className={forms["buttons"]}>
        <Button onClick={onClose} autoFocus>
          Done
        </Button>
      </div>
    </div>
  );
}
