import { Checkbox, Radio, ScrollArea, Skeleton } from "@mantine/core";
import { Failure } from "@/components/states";
import { useWatchable } from "./useAlerts";
import forms from "@/components/forms.module.css";
import fields from "@/pages/destinations/SourcesField.module.css";

interface Props {
  /** null for all. */
  chosen: readonly string[] | null;
  error: string | null;
  onChange: (destinations: string[] | null) => void;
}

/** All destinations, or some of them. */
export function WatchedField({ chosen, error, onChange }: Props) {
  return (
    <div>
      <Radio.Group
        label="Destinations"
        description="Which are watched."
        value={chosen === null ? "all" : "some"}
        error={chosen === null ? error : null}
        onChange={(value) => onChange(value === "all" ? null : [])}
      >
        <div className={forms["radios"]}>
          <Radio value="all" label="All destinations, those that are added later too" />
          <Radio value="some" label="Only these" />
        </div>
      </Radio.Group>
      {chosen !== null && <Chosen chosen={chosen} error={error} onChange={onChange} />}
    </div>
  );
}

interface ChosenProps {
  chosen: readonly string[];
  error: string | null;
  onChange: (destinations: string[]) => void;
}

function Chosen({ chosen, error, onChange }: ChosenProps) {
  const all = useWatchable();
  if (all.isPending) return <Skeleton height={72} mt={8} />;
  if (!all.data) return <Failure error={all.error} onRetry={() => void all.refetch()} />;
  const known = all.data.map(({ slug, name }) => ({ slug, name }));
  const gone = chosen.filter((slug) => !known.some((each) => each.slug === slug));
  const offered = [...known, ...gone.map((slug) => ({ slug, name: "" }))];
  return (
    <Checkbox.Group
      aria-label="Watched destinations"
      value={[...chosen]}
      error={error}
      errorProps={{ role: "alert" }}
      onChange={onChange}
    >
      <ScrollArea.Autosize mah={220} className={fields["sources"] ?? ""}>
        <div className={fields["list"]}>
          {offered.length === 0 && <span className="muted">There are no destinations yet.</span>}
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
