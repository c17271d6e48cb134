/** Changing many dead letters: one call takes a part, and the next one goes on. */

import type { DeadLetterChoice } from "@/api/types";

interface Step {
  /** How many this call took. */
  taken: number;
  more: boolean;
  until_id: number;
}

/**
 * Calls `step` until nothing is left of what was chosen, and returns how many were taken.
 *
 * `onProgress` is told the sum after each call; a call that took none ends it.
 */
export async function inSteps(
  chosen: DeadLetterChoice,
  step: (chosen: DeadLetterChoice) => Promise<Step>,
  onProgress: (taken: number) => void,
): Promise<number> {
  let sum = 0;
  let next = chosen;
  for (;;) {
    const { taken, more, until_id } = await step(next);
    sum += taken;
    onProgress(sum);
    if (!more || taken === 0) return sum;
    next = { ...chosen, until_id };
  }
}
