/** Until when events are skipped, as people say it. */

/** The moment as the API takes it, or what is wrong with it. */
export function skipUntil(
  moment: string,
  now: Date,
): { until: string; problem: null } | { until: null; problem: string } {
  const at = new Date(moment);
  if (moment === "" || Number.isNaN(at.getTime())) {
    return { until: null, problem: "Choose a day and a time." };
  }
  if (at > now) return { until: null, problem: "Choose a time that has passed." };
  return { until: at.toISOString(), problem: null };
}
