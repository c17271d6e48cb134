import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { SourceKind } from "@/api/types";
import { Dialog, focusedFirst } from "@/components/Dialog";
import { navigate } from "@/state/url";
import { Problem } from "@/components/notices";
import { problemAt, problemBeside } from "@/components/problems";
import { slugOf, slugProblem } from "./slug";
import { listsChanged, useOnce } from "./useSources";
import { KINDS } from "./words";
import styles from "@/components/forms.module.css";

interface Props {
  isOpen: boolean;
  onClose: () => void;
}

/** Asks for a name and a kind, makes the source and leads to the code that sends to it. */
export function AddSource({ isOpen, onClose }: Props) {
  return (
    <Dialog title="Add a source" isOpen={isOpen} onClose={onClose}>
      <AddForm onClose={onClose} />
    </Dialog>
  );
}

function AddForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<SourceKind>("web");
  const [typedSlug, setTypedSlug] = useState<string | null>(null);
  const [isTried, setTried] = useState(false);
  const slug = typedSlug ?? slugOf(name);
  const draft = { slug, name: name.trim(), kind };
  const once = useOnce(JSON.stringify(draft));
  const create = useMutation({
    mutationFn: () => api.createSource(draft, once),
    onSuccess: (source) => {
      listsChanged(client);
      onClose();
      navigate(`/sources/${source.slug}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (slugProblem(slug) === null) create.mutate();
  };
  const edited = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value);
      create.reset();
    };
  };
  const other = problemBeside(["slug", "name", "kind"], create.error);
  return (
    <form className={styles["form"]} onSubmit={submit} noValidate>
      <TextInput
        ref={focusedFirst}
        label="Name"
        placeholder="Web shop"
        maxLength={200}
        autoComplete="off"
        value={name}
        error={problemAt("name", create.error)}
        onChange={(event) => edited(setName)(event.currentTarget.value)}
      />
      <NativeSelect
        label="Kind"
        description="Which code is shown first. Any source takes any call."
        data={KINDS}
        value={kind}
        error={problemAt("kind", create.error)}
        onChange={(event) => edited(setKind)(event.currentTarget.value as SourceKind)}
      />
      <TextInput
        label="Slug"
        description="What its events carry as their source. It never changes."
        maxLength={63}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        classNames={{ input: styles["mono"] ?? "" }}
        value={slug}
        error={(isTried ? slugProblem(slug) : null) ?? problemAt("slug", create.error)}
        errorProps={{ role: "alert" }}
        onChange={(event) => edited(setTypedSlug)(event.currentTarget.value)}
      />
      {other && <Problem text={other} />}
      <div className={styles["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={create.isPending}>
          Add source
        </Button>
      </div>
    </form>
  );
}
