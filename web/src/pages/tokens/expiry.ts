/** How long a new token is good for, within what the workspace allows. */

export interface Expiry {
  value: string;
  label: string;
  /** null: for ever. */
  days: number | null;
}

const days = (count: number): Expiry => ({
  value: String(count),
  label: count === 1 ? "1 day" : `${count} days`,
  days: count,
});

const CHOICES: readonly Expiry[] = [
  days(7),
  days(30),
  days(90),
  { ...days(365), label: "1 year" },
  { value: "never", label: "Never", days: null },
];

/** The choices within the longest life that the settings allow, null for any. */
export function expiries(daysMax: number | null): readonly Expiry[] {
  if (daysMax === null) return CHOICES;
  const shorter = CHOICES.filter((choice) => choice.days !== null && choice.days < daysMax);
  return [...shorter, { ...days(daysMax), label: `${days(daysMax).label} (the longest allowed)` }];
}

/** The choice that a form begins with: 90 days, or the longest below. */
export const firstExpiry = (choices: readonly Expiry[]): Expiry =>
  choices.findLast((choice) => choice.days !== null && choice.days <= 90) ?? choices[0] ?? days(1);
