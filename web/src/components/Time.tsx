import { formatClock, formatDayAndClock, timeTooltip } from "@/format";

interface Props {
  at: string;
  /** Clock with milliseconds for today's events in a live list, day and clock for a search. */
  form: "clock" | "day";
}

/** An instant in the reader's zone; the tooltip has it in UTC too. */
export function Time({ at, form }: Props) {
  return (
    <time dateTime={at} title={timeTooltip(at)}>
      {form === "clock" && isToday(at) ? formatClock(at) : formatDayAndClock(at)}
    </time>
  );
}

const isToday = (at: string): boolean => new Date(at).toDateString() === new Date().toDateString();
