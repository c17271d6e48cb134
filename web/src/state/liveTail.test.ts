import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TrackedEvent } from "@/api/types";
import { eventRow, type Row } from "@/events/rows";
import { LiveTail, ROWS_MAX } from "./liveTail";

const NO_FILTERS = { source: "", type: "", text: "" };

/** Stands in for the browser's EventSource: the stream is whatever the test says. */
class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 1;

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }

  say(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

const event = (id: number): TrackedEvent =>
  ({
    message_id: `m-${id}`,
    source: "shop",
    received_at: `2026-11-21T09:30:00.${id}Z`,
  }) as TrackedEvent;

const events = (from: number, count: number) => ({
  events: Array.from({ length: count }, (_, index) => event(from + index)),
  skipped: 0,
});

function start({ earlier = [] as Row[], earlierError = null as Error | null } = {}) {
  const sources: FakeSource[] = [];
  const tail = new LiveTail(NO_FILTERS, {
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source as unknown as EventSource;
    },
    earlier: () => (earlierError ? Promise.reject(earlierError) : Promise.resolve(earlier)),
    whyRefused: () => Promise.resolve("too many live streams"),
  });
  tail.start();
  const say = (name: string, data: unknown) => {
    sources.at(-1)?.say(name, data);
    vi.advanceTimersByTime(500);
  };
  const ids = () => tail.snapshot().rows.map((row) => row.event.message_id);
  return { tail, sources, say, ids };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("EventSource", FakeSource);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the newest event is first", () => {
  const { say, ids } = start();
  say("events", events(1, 2));
  say("events", events(3, 1));
  expect(ids()).toEqual(["m-3", "m-2", "m-1"]);
});

test("an event shown before is not shown twice", () => {
  const { say, ids } = start();
  say("events", events(1, 2));
  say("events", events(2, 2));
  expect(ids()).toEqual(["m-3", "m-2", "m-1"]);
});

test("the list is bounded, and keeps the newest", () => {
  const { tail, say, ids } = start();
  say("events", events(0, ROWS_MAX));
  say("events", events(ROWS_MAX, 10));
  expect(tail.snapshot().rows).toHaveLength(ROWS_MAX);
  expect(ids()[0]).toBe(`m-${ROWS_MAX + 9}`);
});

test("while held nothing moves; letting go shows what waited", () => {
  const { tail, say, ids } = start();
  say("events", events(1, 1));
  tail.hold(true);
  say("events", events(2, 3));
  expect(ids()).toEqual(["m-1"]);
  expect(tail.snapshot().held).toBe(3);

  tail.hold(false);

  expect(ids()).toEqual(["m-4", "m-3", "m-2", "m-1"]);
  expect(tail.snapshot().held).toBe(0);
});

test("what came before is put below, and marked", async () => {
  const { tail, ids } = start({ earlier: [eventRow(event(2)), eventRow(event(1))] });
  await vi.advanceTimersByTimeAsync(0);
  expect(ids()).toEqual(["m-2", "m-1"]);
  expect(tail.snapshot().earlierKey).toBe("shop/m-2");
});

test("a silent stream is opened anew, and what was missed is fetched", async () => {
  const earlier: Row[] = [];
  const { tail, sources, say, ids } = start({ earlier });
  await vi.advanceTimersByTimeAsync(0);
  say("events", events(1, 1));
  earlier.push(eventRow(event(2)), eventRow(event(1)));

  await vi.advanceTimersByTimeAsync(20_000);
  expect(sources.length).toBeGreaterThan(1);
  expect(tail.snapshot().connection).toBe("lost");
  sources.at(-1)?.dispatchEvent(new Event("open"));
  await vi.advanceTimersByTimeAsync(0);

  expect(tail.snapshot().connection).toBe("open");
  expect(ids()).toEqual(["m-2", "m-1"]);
});

test("a refused stream says why, and is tried again", async () => {
  const { tail, sources } = start();
  sources[0]?.close();
  sources[0]?.dispatchEvent(new Event("error"));
  await vi.advanceTimersByTimeAsync(0);
  expect(tail.snapshot().refusal).toBe("too many live streams");

  await vi.advanceTimersByTimeAsync(5_000);

  expect(sources.length).toBeGreaterThan(1);
});

test("a stream that keeps failing is cut off, and can be tried at once", async () => {
  const { tail, sources } = start();
  const fail = () => sources.at(-1)?.dispatchEvent(new Event("error"));
  fail();
  expect(tail.snapshot()).toMatchObject({ connection: "lost", isCutOff: false });
  await vi.advanceTimersByTimeAsync(2_000);
  fail();
  expect(tail.snapshot().isCutOff).toBe(true);
  const tries = sources.length;

  tail.retry();
  tail.retry();
  expect(sources).toHaveLength(tries + 1);
  sources.at(-1)?.dispatchEvent(new Event("open"));

  expect(tail.snapshot()).toMatchObject({ connection: "open", isCutOff: false });
});

test("when what came before cannot be had, the list says so and goes on", async () => {
  const { tail, say, ids } = start({ earlierError: new Error("it reads too many rows") });
  await vi.advanceTimersByTimeAsync(0);
  expect(tail.snapshot()).toMatchObject({
    isLoaded: true,
    earlierProblem: "it reads too many rows",
  });

  say("events", events(1, 1));

  expect(ids()).toEqual(["m-1"]);
});

test("clearing empties the list; skipped events are counted", () => {
  const { tail, say } = start();
  say("events", { ...events(1, 2), skipped: 7 });
  tail.clear();
  expect(tail.snapshot().rows).toHaveLength(0);
  expect(tail.snapshot().skipped).toBe(7);
});
