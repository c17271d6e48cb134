import type { Destination, DestinationType } from "@/api/types";
import { fieldsOf, labelOf } from "./fields";
import { settingWords } from "./words";
import forms from "@/components/forms.module.css";

interface Props {
  destination: Destination;
  /** undefined for one whose package is not installed. */
  type: DestinationType | undefined;
  mayChange: boolean;
}

/** The settings for those who may not change them. */
export function SettingsToRead({ destination, type, mayChange }: Props) {
  const { settings, sources } = destination;
  const names = type ? fieldsOf(type.settings).map(({ name }) => name) : Object.keys(settings);
  return (
    <>
      <p className="muted">
        {mayChange
          ? `The type “${destination.type}” is not installed here, so its settings cannot be changed.`
          : "You may see these settings and not change them. An admin can give you another role."}
      </p>
      <dl className={forms["facts"]}>
        {names.map((name) => (
          <Fact key={name} label={labelOf(name)} value={settingWords(settings[name])} />
        ))}
        <Fact label="Sources" value={sources === null ? "All" : sources.join(", ")} />
      </dl>
    </>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}
