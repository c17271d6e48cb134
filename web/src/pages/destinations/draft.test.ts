import { expect, test } from "vitest";
import { changesOf, draftOf, problemsOf, settingsOf } from "./draft";
import { fieldsOf } from "./fields";

const FIELDS = fieldsOf({
  properties: {
    url: { type: "string", format: "uri" },
    headers: { type: "object", default: {} },
    token: { type: ["string", "null"], writeOnly: true },
    role: { type: ["string", "null"], default: null },
    prefix: { type: "string", default: "" },
    timeout_s: { type: "number", minimum: 0.1, maximum: 60, default: 10 },
    batch_events_max: { type: "integer", minimum: 1, default: 1 },
  },
  required: ["url"],
});
const SET = {
  url: "https://tool.example.com",
  headers: { "X-A": "1" },
  token: "***",
  role: "writer",
  prefix: "events/",
  timeout_s: 5,
  batch_events_max: 1,
};

test("a new destination is sent what differs from the defaults, and no empty secret", () => {
  const draft = { ...draftOf(FIELDS, null), url: " https://tool.example.com ", timeout_s: "2.5" };

  expect(settingsOf(FIELDS, draft)).toEqual({ url: "https://tool.example.com", timeout_s: 2.5 });
});

test("only what was changed is sent, and untouched secrets are not", () => {
  const draft = draftOf(FIELDS, SET);

  const unset = { ...SET, token: null };

  expect(changesOf(FIELDS, draft, SET)).toEqual({});
  expect(changesOf(FIELDS, draftOf(FIELDS, unset), unset)).toEqual({});
  expect(changesOf(FIELDS, { ...draft, token: { text: "" } }, SET)).toEqual({});
  expect(changesOf(FIELDS, { ...draft, token: { text: "new" } }, SET)).toEqual({ token: "new" });
  expect(changesOf(FIELDS, { ...draft, token: "remove" }, SET)).toEqual({ token: null });
});

test("an emptied field asks for the default, or for an empty text where that is one", () => {
  const draft = { ...draftOf(FIELDS, SET), role: "", timeout_s: "", prefix: "", headers: [] };

  expect(changesOf(FIELDS, draft, SET)).toEqual({
    role: null,
    timeout_s: null,
    prefix: "",
    headers: {},
  });
});

test("what the schema refuses is told before the server is asked", () => {
  const draft = {
    ...draftOf(FIELDS, null),
    headers: [
      { name: "X-A", value: "1" },
      { name: "X-A", value: "2" },
    ],
    timeout_s: "61",
    batch_events_max: "1.5",
  };

  expect(problemsOf(FIELDS, draft)).toEqual({
    url: "This is needed.",
    headers: "“X-A” is there twice.",
    timeout_s: "Give a number from 0.1 to 60.",
    batch_events_max: "Give a whole number, at least 1.",
  });
  expect(problemsOf(FIELDS, { ...draftOf(FIELDS, null), url: "tool" })).toEqual({
    url: "Give an address that begins with https:// or http://.",
  });
});
