import { expect, test } from "vitest";
import type { FilterDraft } from "@/api/types";
import { filterEditOf, filterOf, filterProblems, newFilter, propertiesIn } from "./filters";

const WHOLE = { title: "Ours", enabled: true };

test.each<FilterDraft>([
  { ...WHOLE, if: "contains(traits.email, '@example.com')", actions: [{ type: "DROP" }] },
  { ...WHOLE, if: '!(event = "a" and (b or c))', actions: [{ type: "DROP" }] },
  { ...WHOLE, if: '!(a = "x") or (b)', actions: [{ type: "DROP" }] },
  { ...WHOLE, if: "NOT (type:track)", language: "lucene", actions: [{ type: "DROP" }] },
  { ...WHOLE, if: "all", actions: [{ type: "SAMPLE", percent: 0.07, path: "userId" }] },
  {
    ...WHOLE,
    if: "all",
    actions: [
      { type: "DROP_PROPERTIES", fields: { "": ["userId"], context: ["ip", "a.b"] } },
      { type: "SAMPLE", percent: 0.5 },
    ],
  },
])("the filter $if comes back as it was", (filter) => {
  expect(filterOf(filterEditOf(filter))).toEqual(filter);
});

test("a filter that drops all others is one that sends only some", () => {
  const edit = filterEditOf({ if: '!(event = "Order (big)")', actions: [{ type: "DROP" }] });

  expect(edit.condition).toBe('event = "Order (big)"');
  expect(edit.actions[0]?.kind).toBe("ONLY");
});

test("two conditions of which the first is negated are no such filter", () => {
  const edit = filterEditOf({ if: "!(a) or (b)", actions: [{ type: "DROP" }] });

  expect(edit.actions[0]?.kind).toBe("DROP");
});

test("properties are named by their paths", () => {
  expect(propertiesIn("userId, context.ip\ncontext.a\\.b")).toEqual({
    "": ["userId"],
    context: ["ip", "a.b"],
  });
});

test("what is missing is told at its place", () => {
  const action = { kind: "SAMPLE", percent: "200", path: "", properties: "" } as const;

  expect(filterProblems(newFilter())).toEqual({ if: "Say which events; “all” is every event." });
  expect(filterProblems({ ...newFilter(), condition: "all", actions: [action] })).toEqual({
    "actions[0]": "Give a share from 0 to 100.",
  });
});
