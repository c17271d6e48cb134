import { Checkbox, Radio, ScrollArea, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { Role } from "@/api/types";
import { Failure } from "@/components/states";
import { ROLES, useMe } from "@/state/me";
import { rolesToGive } from "./words";
import forms from "@/components/forms.module.css";
import styles from "./RoleFields.module.css";

interface Props {
  role: Role;
  sources: readonly string[];
  error: string | null;
  sourcesError: string | null;
  onChange: (changed: { role?: Role; sources?: string[] }) => void;
}

/** Chooses a role, each with what it may do, and the sources of the one that has some only. */
export function RoleFields({ role, sources, error, sourcesError, onChange }: Props) {
  const given = rolesToGive(useMe());
  return (
    <>
      <Radio.Group
        label="Role"
        value={role}
        error={error}
        onChange={(value) => onChange({ role: value as Role })}
      >
        <div className={forms["radios"]}>
          {ROLES.filter(({ value }) => given.includes(value)).map(({ value, label, about }) => (
            <Radio key={value} value={value} label={label} description={about} />
          ))}
        </div>
      </Radio.Group>
      {role === "source-only" && (
        <Sources
          chosen={sources}
          error={sourcesError}
          onChange={(chosen) => onChange({ sources: chosen })}
        />
      )}
    </>
  );
}

interface SourcesProps {
  chosen: readonly string[];
  error: string | null;
  onChange: (chosen: string[]) => void;
}

function Sources({ chosen, error, onChange }: SourcesProps) {
  const all = useQuery({ queryKey: ["sources"], queryFn: ({ signal }) => api.sources(signal) });
  if (all.isPending) return <Skeleton height={72} />;
  if (!all.data) return <Failure error={all.error} onRetry={() => void all.refetch()} />;
  const known = all.data.map(({ slug, name }) => ({ slug, name }));
  const gone = chosen.filter((slug) => !known.some((source) => source.slug === slug));
  const offered = [...known, ...gone.map((slug) => ({ slug, name: "" }))];
  return (
    <Checkbox.Group
      label="Sources"
      description="They see and change these, and no others."
      value={[...chosen]}
      error={error}
      errorProps={{ role: "alert" }}
      onChange={onChange}
    >
      <ScrollArea.Autosize mah={190} className={styles["sources"] ?? ""}>
        <div className={styles["list"]}>
          {offered.map(({ slug, name }) => (
            <Checkbox
              key={slug}
              value={slug}
              label={name || slug}
              description={name === "" ? undefined : slug}
            />
          ))}
        </div>
      </ScrollArea.Autosize>
    </Checkbox.Group>
  );
}
