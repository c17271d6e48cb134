import { Chip } from "@/components/Chip";
import { STATES, type DeliveryState } from "./words";

/** How a destination fares, in a word. */
export function StateChip({ state }: { state: DeliveryState }) {
  const { label, tone, about } = STATES[state];
  return (
    <Chip tone={tone} title={about} {...(tone === "bad" ? { icon: "warning" } : {})}>
      {label}
    </Chip>
  );
}
