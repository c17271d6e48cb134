import { Button } from "@mantine/core";
import { Icon } from "@/components/Icon";
import { Section } from "@/components/Section";
import { FilterForm } from "./FilterForm";
import { FILTERS_MAX, newFilter, type FilterEdit } from "./filters";
import type { WrongPlace } from "./places";
import styles from "./FilterList.module.css";

interface Props {
  filters: readonly FilterEdit[];
  /** What the server refuses of one of them. */
  wrong: WrongPlace | null;
  onChange: (filters: FilterEdit[]) => void;
}

/** Which events the destination does not get, and what is left out of the others. */
export function FilterList({ filters, wrong, onChange }: Props) {
  return (
    <Section title="Filters">
      <p className="muted">
        {filters.length === 0
          ? "None: no event is held back or changed on its way to the subscriptions."
          : "They hold for all subscriptions. All conditions are asked of the event as it came."}
      </p>
      {filters.length > 0 && (
        <ol className={styles["list"]} aria-label="Filters">
          {filters.map((filter, index) => (
            <FilterForm
              key={index}
              number={index + 1}
              filter={filter}
              wrong={wrong?.index === index ? wrong : null}
              onChange={(edited) =>
                onChange(filters.map((each, at) => (at === index ? { ...each, ...edited } : each)))
              }
              onRemove={() => onChange(filters.filter((_, at) => at !== index))}
            />
          ))}
        </ol>
      )}
      {filters.length < FILTERS_MAX && (
        <div>
          <Button
            variant="default"
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => onChange([...filters, newFilter()])}
          >
            Add filter
          </Button>
        </div>
      )}
    </Section>
  );
}
