import { Checkbox, Radio, ScrollArea, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";
import { Failure } from "@/components/states";
import forms from "@/components/forms.module.css";
import styles from "./SourcesField.module.css";

interface Props {
  /** null for all sources, those that come later too. */
  sources: readonly string[] | null;
  error: string | null;
  onChange: (sources: string[] | null) => void;
  about?: string;
  /** What the choice of all is called. */
  all?: string;
}

const ALL = "All sources, those that are added later too";

/** Whose events the destination gets. */
export function SourcesField(props: Props) {
  const { sources, error, onChange, about = "Whose events it gets.", all = ALL } = props;
  return (
    <div className={forms["wide"]}>
      <Radio.Group
        label="Sources"
        description={about}
        value={sources === null ? "all" : "some"}
        error={sources === null ? error : null}
        onChange={(value) => onChange(value === "all" ? null : [])}
      >
        <div className={forms["radios"]}>
          <Radio value="all" label={all} />
          <Radio value="some" label="Only these" />
        </div>
      </Radio.Group>
      {sources !== null && <Chosen chosen={sources} error={error} onChange={onChange} />}
    </div>
  );
}

interface ChosenProps {
  chosen: readonly string[];
  error: string | null;
  onChange: (sources: string[]) => void;
}

function Chosen({ chosen, error, onChange }: ChosenProps) {
  const all = useQuery({ queryKey: ["sources"], queryFn: ({ signal }) => api.sources(signal) });
  if (all.isPending) return <Skeleton height={72} mt={8} />;
  if (!all.data) return <Failure error={all.error} onRetry={() => void all.refetch()} />;
  const known = all.data.map(({ slug, name }) => ({ slug, name }));
  const gone = chosen.filter((slug) => !known.some((source) => source.slug === slug));
  const offered = [...known, ...gone.map((slug) => ({ slug, name: "" }))];
  return (
    <Checkbox.Group
      aria-label="Connected sources"
      value={[...chosen]}
      error={error}
      errorProps={{ role: "alert" }}
      onChange={onChange}
    >
      <ScrollArea.Autosize mah={220} className={styles["sources"] ?? ""}>
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
