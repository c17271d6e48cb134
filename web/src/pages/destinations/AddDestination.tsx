import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { DestinationType } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Problem } from "@/components/notices";
import { problemAt } from "@/components/problems";
import { Section, SectionsPage } from "@/components/Section";
import { Empty, Failure, Waiting } from "@/components/states";
import { slugOf, slugProblem } from "@/pages/sources/slug";
import { useOnce } from "@/pages/sources/useSources";
import { useMe } from "@/state/me";
import { navigate } from "@/state/url";
import { CheckFirst, useCheckFirst } from "./CheckFirst";
import { CheckResult } from "./CheckResult";
import { CheckFailed } from "./checkWords";
import { draftOf, problemsOf, settingsOf, type Typed } from "./draft";
import { fieldsOf } from "./fields";
import { focusProblem } from "./focus";
import { otherProblem, settingProblems } from "./settingProblems";
import { SettingFields } from "./SettingFields";
import { SourcesField } from "./SourcesField";
import { listsChanged, useTypes } from "./useDestinations";
import forms from "@/components/forms.module.css";
import styles from "./AddDestination.module.css";

/** Leads from the choice of a type over its settings to a destination. */
export function AddDestination({ type: slug }: { type: string }) {
  const me = useMe();
  const types = useTypes();
  if (!me.may("destinations:write")) return <NotYours />;
  if (types.isPending) return <Waiting label="Loading the types of destinations" />;
  if (!types.data) {
    return <Failure error={types.error} onRetry={() => void types.refetch()} isWholePage />;
  }
  const type = types.data.find((each) => each.slug === slug);
  return (
    <SectionsPage>
      <div className={styles["head"]}>
        <Link className={styles["back"]} path={type ? "/destinations?add=" : "/destinations"}>
          <Icon name="chevronLeft" size={15} />
          {type ? "Another type" : "Destinations"}
        </Link>
        <h1>{type ? `New destination: ${type.name}` : "Add a destination"}</h1>
        <p className="muted">{type ? type.description : "Which tool shall get your events?"}</p>
      </div>
      {type ? <AddForm key={type.slug} type={type} /> : <Types types={types.data} />}
    </SectionsPage>
  );
}

function NotYours() {
  return (
    <Empty
      icon="lock"
      title="You may not add destinations"
      actions={
        <Button variant="default" onClick={() => navigate("/destinations")}>
          Show all destinations
        </Button>
      }
    >
      This needs the permission <code className="mono">destinations:write</code>. An admin can give
      you another role.
    </Empty>
  );
}

function Types({ types }: { types: readonly DestinationType[] }) {
  return (
    <ul className={styles["types"]}>
      {byName(types).map(({ slug, name, description }) => (
        <li key={slug} className={styles["type"]}>
          <Link className={styles["typeLink"]} path={`/destinations?add=${slug}`}>
            {name}
          </Link>
          <p className="muted">{description}</p>
          <Icon name="chevronRight" size={16} />
        </li>
      ))}
    </ul>
  );
}

const byName = (types: readonly DestinationType[]): DestinationType[] =>
  [...types].sort((a, b) => a.name.localeCompare(b.name));

const OTHERS = ["name", "slug", "sources"];

function AddForm({ type }: { type: DestinationType }) {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [fields] = useState(() => fieldsOf(type.settings));
  const [name, setName] = useState("");
  const [typedSlug, setTypedSlug] = useState<string | null>(null);
  const [sources, setSources] = useState<string[] | null>(null);
  const [draft, setDraft] = useState(() => draftOf(fields, null));
  const [isTried, setTried] = useState(false);
  const slug = typedSlug ?? slugOf(name);
  const asked = {
    slug,
    name: name.trim(),
    type: type.slug,
    sources,
    settings: settingsOf(fields, draft),
  };
  const once = useOnce(JSON.stringify(asked));
  const check = useCheckFirst({ type: type.slug, slug, isNew: true });
  const create = useMutation({
    mutationFn: async (isForced: boolean) => {
      if (!isForced) await check.first(asked.settings);
      return api.createDestination(asked, once);
    },
    onSuccess: (made) => {
      listsChanged(client);
      navigate(`/destinations/${made.slug}?view=test`, { replace: true });
    },
    onError: () => focusProblem(form.current),
  });
  const wrong = {
    slug: slugProblem(slug),
    sources: sources?.length === 0 ? "Choose at least one." : null,
    settings: problemsOf(fields, draft),
  };
  const isWrong =
    wrong.slug !== null || wrong.sources !== null || Object.keys(wrong.settings).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!isWrong) create.mutate(false);
    else focusProblem(form.current);
  };
  const edited = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value);
      create.reset();
      check.forget();
    };
  };
  const edit = (field: string, typed: Typed) => {
    setDraft({ ...draft, [field]: typed });
    create.reset();
    check.forget();
  };
  const other = otherProblem(fields, OTHERS, create.error);
  return (
    <form ref={form} className={forms["form"]} onSubmit={submit} noValidate>
      <Section title="What it is called">
        <div className={forms["fields"]}>
          <TextInput
            label="Name"
            description="For people."
            placeholder={type.name}
            maxLength={200}
            autoComplete="off"
            autoFocus
            value={name}
            error={problemAt("name", create.error)}
            onChange={(event) => edited(setName)(event.currentTarget.value)}
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
            error={(isTried ? wrong.slug : null) ?? problemAt("slug", create.error)}
            errorProps={{ role: "alert" }}
            onChange={(event) => edited(setTypedSlug)(event.currentTarget.value)}
          />
        </div>
      </Section>
      <Section title="Settings">
        <div className={forms["fields"]}>
          <SettingFields
            fields={fields}
            draft={draft}
            problems={{
              ...settingProblems(fields, create.error),
              ...(isTried ? wrong.settings : {}),
            }}
            secretsSet={null}
            onChange={edit}
          />
        </div>
      </Section>
      <Section title="Whose events">
        <SourcesField
          sources={sources}
          error={(isTried ? wrong.sources : null) ?? problemAt("sources", create.error)}
          onChange={edited(setSources)}
        />
      </Section>
      {other && <Problem text={other} />}
      {check.answer && <CheckResult answer={check.answer} />}
      <CheckFirst check={check} />
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" loading={create.isPending}>
          Add destination
        </Button>
        {create.error instanceof CheckFailed && (
          <Button variant="default" onClick={() => create.mutate(true)}>
            Add anyway
          </Button>
        )}
        <Button variant="default" onClick={() => navigate("/destinations")}>
          Cancel
        </Button>
        <span className="muted">It gets the events that are stored from now on.</span>
      </div>
    </form>
  );
}
