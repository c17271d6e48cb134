import { Autocomplete } from "@mantine/core";
import { useMemo } from "react";
import type { Json } from "@/api/types";
import { placesOf } from "./events";
import styles from "./Choice.module.css";

const SHOWN = 60;

interface Props {
  label: string;
  path: string;
  /** What the path is of: the event, or an item of a list. */
  event: Json;
  isList?: boolean;
  onChange: (path: string) => void;
}

/** A path of an event: typed, or chosen from those that the event has. */
export function PathInput({ label, path, event, isList = false, onChange }: Props) {
  const places = useMemo(() => {
    const found = placesOf(event);
    return isList ? found.filter((place) => place.isList) : found;
  }, [event, isList]);
  const samples = useMemo(
    () => new Map(places.map((place) => [place.path, place.sample])),
    [places],
  );
  return (
    <Autocomplete
      aria-label={label}
      classNames={{ input: styles["code"] ?? "" }}
      placeholder={isList ? "$.properties.products" : "$.properties.total"}
      data={places.map((place) => place.path)}
      limit={SHOWN}
      filter={({ options, search, limit }) => {
        // Who opens a path that is there looks for another one.
        const isThere = samples.has(search);
        const wanted = search.toLowerCase();
        return options
          .filter(
            (each) => isThere || ("value" in each && each.value.toLowerCase().includes(wanted)),
          )
          .slice(0, limit);
      }}
      maxDropdownHeight={280}
      comboboxProps={{ shadow: "lg", width: "max-content", position: "bottom-start" }}
      renderOption={({ option }) => (
        <span className={styles["place"]}>
          <span className={styles["placePath"]}>{option.value}</span>
          <span className={styles["placeSample"]}>{samples.get(option.value)}</span>
        </span>
      )}
      autoCapitalize="off"
      spellCheck={false}
      value={path}
      onChange={onChange}
    />
  );
}
