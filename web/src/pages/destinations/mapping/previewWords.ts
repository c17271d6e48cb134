/** What a preview and a dry run tell, in words. */

import type { PreviewedSubscription } from "@/api/types";
import { capitalised } from "@/format";

type Tone = "good" | "warn" | "bad" | "plain";

/** What would become of an event, in a word. */
export function previewChip({ outcome, step }: Pick<PreviewedSubscription, "outcome" | "step">): {
  tone: Tone;
  label: string;
} {
  switch (outcome) {
    case "sent":
      return { tone: "good", label: "Would be sent" };
    case "rejected":
      return { tone: "bad", label: "Does not fit" };
    case "filtered":
      return { tone: "plain", label: step === "trigger" ? "Not for this one" : "Filtered" };
  }
}

const STEPS: Record<PreviewedSubscription["step"], string> = {
  "": "",
  sources: "The destination takes no events of this source.",
  integrations: "The event itself says that it is not for this destination.",
  consent: "There is no consent to what the destination is for.",
  filters: "",
  subscription: "The subscription is disabled.",
  trigger: "The trigger is for other events.",
  mapping: "The mapping makes nothing that fits: a real event becomes a dead letter.",
};

/** Why an event goes no further, as a sentence. */
export function stepWords(step: PreviewedSubscription["step"], reason: string): string {
  if (step !== "filters") return STEPS[step];
  const [, failed = "", title = ""] = /^filter( failed)?: (.*)$/s.exec(reason) ?? [];
  if (title === "") return `${capitalised(reason)}.`;
  const name = /^\d+$/.test(title) ? `filter ${title}` : `the filter “${title}”`;
  return failed === ""
    ? `Stopped by ${name}.`
    : `${capitalised(name)} cannot be decided, so nothing is sent.`;
}

/** Why the events of a dry run end so: as a preview says it, or in the server's words. */
export const reasonSentence = (step: PreviewedSubscription["step"], reason: string): string =>
  step === "mapping" ? capitalised(reason.replace(/^mapping: /, "")) : stepWords(step, reason);

const BYTES = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** A size: "611 B", "24.1 kB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${BYTES.format(bytes)} B`;
  return bytes < 1e6 ? `${BYTES.format(bytes / 1_000)} kB` : `${BYTES.format(bytes / 1e6)} MB`;
}
