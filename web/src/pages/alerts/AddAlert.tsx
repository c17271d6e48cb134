import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { alerts } from "@/api/alerts";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Problem } from "@/components/notices";
import { problemAt } from "@/components/problems";
import { Section, SectionsPage } from "@/components/Section";
import { Empty } from "@/components/states";
import { focusProblem } from "@/pages/destinations/focus";
import { slugOf, slugProblem } from "@/pages/sources/slug";
import { useOnce } from "@/pages/sources/useSources";
import { useMe } from "@/state/me";
import { navigate } from "@/state/url";
import { AlertFields } from "./AlertFields";
import { FIRST, givenOf, problemsOf, type Draft } from "./draft";
import { problemBesideFields } from "./problems";
import { listsChanged } from "./useAlerts";
import forms from "@/components/forms.module.css";
import styles from "./OneAlert.module.css";

/** Makes an alert. */
export function AddAlert() {
  const me = useMe();
  if (!me.may("destinations:write")) return <NotYours />;
  return (
    <SectionsPage>
      <div className={styles["head"]}>
        <Link className={styles["back"]} path="/alerts">
          <Icon name="chevronLeft" size={15} />
          Alerts
        </Link>
        <h1>New alert</h1>
      </div>
      <Section title="Settings">
        <Form />
      </Section>
    </SectionsPage>
  );
}

function NotYours() {
  return (
    <Empty
      icon="lock"
      title="You may not add alerts"
      actions={
        <Button variant="default" onClick={() => navigate("/alerts")}>
          Show all alerts
        </Button>
      }
    >
      This needs the permission <code className="mono">destinations:write</code>. An admin can give
      you another role.
    </Empty>
  );
}

function Form() {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(FIRST);
  const [typedSlug, setTypedSlug] = useState<string | null>(null);
  const [isTried, setTried] = useState(false);
  const slug = typedSlug ?? slugOf(draft.name);
  const asked = { slug, ...givenOf(draft) };
  const once = useOnce(JSON.stringify(asked));
  const create = useMutation({
    mutationFn: () => alerts.create(asked, once),
    onSuccess: (made) => {
      listsChanged(client);
      navigate(`/alerts/${made.slug}`, { replace: true });
    },
    onError: () => focusProblem(form.current),
  });
  const wrong = problemsOf(draft);
  const wrongSlug = slugProblem(slug);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrongSlug === null && Object.keys(wrong).length === 0) create.mutate();
    else focusProblem(form.current);
  };
  const edit = (edited: Partial<Draft>) => {
    setDraft({ ...draft, ...edited });
    create.reset();
  };
  const other = problemBesideFields(draft, create.error);
  return (
    <form ref={form} className={forms["form"]} onSubmit={submit} noValidate>
      <div className={forms["fields"]}>
        <TextInput
          label="Name"
          description="For people; messages begin with it."
          placeholder="On call"
          maxLength={200}
          autoComplete="off"
          autoFocus
          value={draft.name}
          error={problemAt("name", create.error)}
          onChange={(event) => edit({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Slug"
          description="Its name in addresses and files. It never changes."
          maxLength={63}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          withAsterisk
          classNames={{ input: forms["mono"] ?? "" }}
          value={slug}
          error={(isTried ? wrongSlug : null) ?? problemAt("slug", create.error)}
          errorProps={{ role: "alert" }}
          onChange={(event) => {
            setTypedSlug(event.currentTarget.value);
            create.reset();
          }}
        />
      </div>
      <AlertFields
        draft={draft}
        problems={isTried ? wrong : {}}
        error={create.error}
        onChange={edit}
      />
      {other && <Problem text={other} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" loading={create.isPending}>
          Add alert
        </Button>
        <Button variant="default" onClick={() => navigate("/alerts")}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
