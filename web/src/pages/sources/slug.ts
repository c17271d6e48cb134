const SLUG_MAX = 63;
const SLUG = /^[a-z0-9][a-z0-9_-]*$/;

/** A slug for a name: "Café & Bar" gives `cafe-bar`; "" where the name has nothing to offer. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, SLUG_MAX)
    .replace(/-$/, "");
}

/** What is wrong with a slug, in words; null when nothing is. */
export function slugProblem(slug: string): string | null {
  if (slug === "") return "Give it a slug.";
  if (slug.length > SLUG_MAX) return `Use at most ${SLUG_MAX} characters.`;
  if (!SLUG.test(slug)) {
    return "Use small letters, digits, - and _, and begin with a letter or a digit.";
  }
  return null;
}
