import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";
import { ApiError } from "@/api/client";
import type { TraceStep } from "@/api/types";
import { capitalised, formatClock, formatDuration, timeTooltip } from "@/format";
import { Empty, Failure, Waiting } from "../states";
import styles from "./EventPanel.module.css";

/** How a step's dot looks; any other is the good course of things. */
const LOOKS: Record<string, string> = {
  invalid: "bad",
  blocked: "bad",
  suppressed: "bad",
  rejected: "bad",
  duplicate: "quiet",
  waiting: "open",
};
const IN_FLIGHT_MS = 1000;

interface Props {
  messageId: string;
  source: string;
}

/** What became of one event, step by step. */
export function Trace({ messageId, source }: Props) {
  const trace = useQuery({
    queryKey: ["trace", source, messageId],
    queryFn: ({ signal }) => api.trace(messageId, source, signal),
    refetchInterval: (query) => (query.state.data?.outcome === "in_flight" ? IN_FLIGHT_MS : false),
  });
  if (trace.isPending) return <Waiting label="Loading the trace" />;
  if (trace.isError) {
    if (trace.error instanceof ApiError && trace.error.status === 404) {
      return (
        <Empty icon="search" title="Nothing is known of this message id">
          {capitalised(trace.error.message)}
        </Empty>
      );
    }
    return <Failure error={trace.error} onRetry={() => void trace.refetch()} />;
  }
  const { outcome, steps } = trace.data;
  return (
    <>
      <p className={styles["outcome"]}>
        Outcome: <strong>{outcome.replace("_", " ")}</strong>
      </p>
      <ol className={styles["steps"]}>
        {steps.map((step, index) => (
          <Step key={index} step={step} before={timeBefore(steps, index)} />
        ))}
      </ol>
    </>
  );
}

function Step({ step, before }: { step: TraceStep; before: string | null }) {
  const facts = Object.entries(step.facts).filter(([, value]) => value !== null && value !== "");
  return (
    <li className={`${styles["step"]} ${styles[LOOKS[step.step] ?? ""] ?? ""}`}>
      <div className={styles["stepHead"]}>
        <strong>{capitalised(step.step.replace("_", " "))}</strong>
        {step.at && (
          <time dateTime={step.at} title={timeTooltip(step.at)}>
            {sinceBefore(step.at, before)}
          </time>
        )}
      </div>
      <p className={styles["summary"]}>{step.summary}</p>
      {facts.length > 0 && (
        <details className={styles["details"]}>
          <summary>Details</summary>
          <dl className={styles["facts"]}>
            {facts.map(([name, value]) => (
              <div key={name} className={styles["fact"]}>
                <dt>{name.replaceAll("_", " ")}</dt>
                <dd className="mono">
                  {typeof value === "string" ? value : JSON.stringify(value)}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

/** When the last step before this one happened whose time is known. */
const timeBefore = (steps: TraceStep[], index: number): string | null =>
  steps.slice(0, index).findLast((step) => step.at !== null)?.at ?? null;

/** The clock for the first step, then how long after the one before. */
function sinceBefore(at: string, before: string | null): string {
  const ms = before === null ? 0 : new Date(at).getTime() - new Date(before).getTime();
  return ms > 0 ? `+${formatDuration(ms)}` : formatClock(at);
}
