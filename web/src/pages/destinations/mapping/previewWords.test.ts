import { expect, test } from "vitest";
import { formatBytes, previewChip, reasonSentence, stepWords } from "./previewWords";

test("a filter is told by its title, or its number where it has none", () => {
  expect(stepWords("filters", "filter: Our own people")).toBe(
    "Stopped by the filter “Our own people”.",
  );
  expect(stepWords("filters", "filter failed: 2")).toBe(
    "Filter 2 cannot be decided, so nothing is sent.",
  );
});

test("an event that is for another subscription is not called filtered", () => {
  expect(previewChip({ outcome: "filtered", step: "trigger" }).label).toBe("Not for this one");
  expect(previewChip({ outcome: "filtered", step: "consent" }).label).toBe("Filtered");
});

test("what a mapping lacks is said in the server's words", () => {
  expect(reasonSentence("mapping", "mapping: total is missing")).toBe("Total is missing");
});

test("sizes are told in the unit that fits", () => {
  expect([formatBytes(611), formatBytes(24_120), formatBytes(3_400_000)]).toEqual([
    "611 B",
    "24.1 kB",
    "3.4 MB",
  ]);
});
