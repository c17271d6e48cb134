import { expect, test } from "vitest";
import type { JsonObject } from "@/api/types";
import { fieldsOf, labelOf, withLabels } from "./fields";

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    url: { type: "string", format: "uri", maxLength: 2000, description: "Where to." },
    method: { type: "string", enum: ["POST", "PUT"], default: "POST" },
    api_key: { type: ["string", "null"], writeOnly: true },
    headers: { type: "object", default: {} },
    batch_events_max: { type: "integer", minimum: 1, maximum: 4000, default: 1 },
    role: { type: ["string", "null"], default: null },
    is_dry: { type: "boolean", default: false },
  },
  required: ["url"],
};

test("each property of the schema becomes a field of its shape", () => {
  const fields = fieldsOf(SCHEMA);

  expect(fields.map(({ name, shape }) => [name, shape])).toEqual([
    ["url", "text"],
    ["method", "choice"],
    ["api_key", "secret"],
    ["headers", "pairs"],
    ["batch_events_max", "number"],
    ["role", "text"],
    ["is_dry", "flag"],
  ]);
  expect(fields[0]).toMatchObject({ isRequired: true, isUrl: true, lengthMax: 2000 });
  expect(fields[1]).toMatchObject({ isRequired: false, choices: ["POST", "PUT"] });
  expect(fields[4]).toMatchObject({ isWhole: true, minimum: 1, maximum: 4000, fallback: 1 });
});

test("a label has the unit and the bound of the setting's name in words", () => {
  expect(labelOf("url")).toBe("URL");
  expect(labelOf("access_key_id")).toBe("Access key ID");
  expect(labelOf("timeout_s")).toBe("Timeout in seconds");
  expect(labelOf("batch_events_max")).toBe("Batch events, at most");
  expect(labelOf("file_age_s_max")).toBe("File age in seconds, at most");
});

test("a description calls other settings by their labels", () => {
  const fields = fieldsOf(SCHEMA);

  expect(withLabels("Instead of api_key; see url.", fields)).toBe("Instead of “API key”; see url.");
});
