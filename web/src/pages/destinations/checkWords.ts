/** What a check of a connection found, in words. */

import type { CheckAnswer, CheckedThing } from "@/api/types";
import { capitalised } from "@/format";
import { labelOf } from "./fields";

interface Found {
  tone: "good" | "bad" | "plain";
  label: string;
  about: string;
}

const FOUND = {
  good: {
    tone: "good",
    label: "Works",
    about: "Everything that could be looked at is as it should be.",
  },
  bad: { tone: "bad", label: "Does not work", about: "At least one thing is wrong." },
  open: {
    tone: "plain",
    label: "Cannot be told",
    about: "Nothing could be looked at without sending an event.",
  },
} satisfies Record<string, Found>;

export function foundWords({ is_good: isGood }: Pick<CheckAnswer, "is_good">): Found {
  if (isGood === null) return FOUND.open;
  return isGood ? FOUND.good : FOUND.bad;
}

/** What a screen reader hears before what was looked at. */
export const thingWords = ({ is_good: isGood }: Pick<CheckedThing, "is_good">): string =>
  isGood === null ? "not told" : isGood ? "good" : "wrong";

/** The thing, with the setting that would have to change where it is wrong. */
export function nameWords({ name, setting, is_good }: CheckedThing): string {
  const label = setting === "" ? "" : labelOf(setting);
  if (label.toLowerCase() === name.toLowerCase()) return label || capitalised(name);
  return is_good === false && label !== "" ? `${capitalised(name)} (${label})` : capitalised(name);
}

/** Why nothing was saved: the check found something wrong. */
export class CheckFailed extends Error {
  constructor(readonly answer: CheckAnswer) {
    super("The connection does not work, so nothing was saved.");
    this.name = "CheckFailed";
  }
}

/** Refuses settings whose check failed; what could not be told passes. */
export function requireGood(answer: CheckAnswer): CheckAnswer {
  if (answer.is_good === false) throw new CheckFailed(answer);
  return answer;
}
