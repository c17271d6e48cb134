/** What fills a field, in words. */

import { mappingOf, type Choice } from "./choice";

/** What a type fills a field with: "the whole event", "$.userId", "$.a, else $.b". */
export function defaultWords(choice: Choice): string {
  switch (choice.kind) {
    case "path":
      return choice.path === "$." || choice.path === "$" ? "the whole event" : choice.path;
    case "fixed":
    case "template":
      return choice.text;
    case "first": {
      const { paths, fallback } = choice;
      return [...paths, ...(fallback === "" ? [] : [fallback])].join(", else ");
    }
    default:
      return JSON.stringify(mappingOf(choice));
  }
}
