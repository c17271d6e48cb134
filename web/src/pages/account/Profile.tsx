import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { MySelf } from "@/api/types";
import { Problem } from "@/components/notices";
import { problemAt, problemBeside } from "@/components/problems";
import { ME } from "@/state/me";
import forms from "@/components/forms.module.css";
import styles from "./Profile.module.css";

/** One's name, which one may change, and the address that one signs in with. */
export function Profile({ member }: { member: MySelf }) {
  const client = useQueryClient();
  const [name, setName] = useState(member.name);
  const rename = useMutation({
    mutationFn: () => api.renameMe(name.trim()),
    onSuccess: async (me) => {
      // An answer on its way is older than this one.
      await client.cancelQueries({ queryKey: ME });
      client.setQueryData(ME, me);
      setName(me.member?.name ?? "");
    },
  });
  const isDirty = name.trim() !== member.name;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDirty) rename.mutate();
  };
  const other = problemBeside(["name"], rename.error);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      <div className={forms["fields"]}>
        <TextInput
          label="Name"
          description="As others here see it."
          name="name"
          autoComplete="name"
          maxLength={200}
          value={name}
          error={problemAt("name", rename.error)}
          onChange={(event) => {
            setName(event.currentTarget.value);
            rename.reset();
          }}
        />
        <TextInput
          label="E-mail"
          description="You sign in with it. It never changes."
          readOnly
          classNames={{ input: styles["fixed"] ?? "" }}
          value={member.email}
        />
      </div>
      {other && <Problem text={other} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" disabled={!isDirty} loading={rename.isPending}>
          Save the name
        </Button>
        <span className={forms["saved"]} role="status">
          {rename.isSuccess && !isDirty ? "Saved." : ""}
        </span>
      </div>
    </form>
  );
}
