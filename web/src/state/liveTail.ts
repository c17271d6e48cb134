import type { LiveEvents, LiveSetAside, LiveStatus } from "@/api/types";
import type { TailFilters } from "@/events/query";
import { eventRow, setAsideRow, type Row } from "@/events/rows";

export const ROWS_MAX = 500;
const FLUSH_MS = 200;
const SILENCE_MS = 15_000;
const RETRY_MS_MAX = 15_000;
const CUT_OFF_FAILURES = 2;

export type Connection = "connecting" | "open" | "lost";

export interface LiveSnapshot {
  rows: readonly Row[];
  /** Rows that wait because the reader paused or scrolled away. */
  held: number;
  /** The first row that was there before the stream opened; null when all came live. */
  earlierKey: string | null;
  connection: Connection;
  /** Several tries to connect have failed: it is more than a hiccup. */
  isCutOff: boolean;
  /** Why the stream was refused, in the server's words. */
  refusal: string | null;
  /** Why what came before could not be had; null when it could. */
  earlierProblem: string | null;
  status: LiveStatus | null;
  /** Matching events that the server left out since the stream opened. */
  skipped: number;
  /** Whether the first answer is there: before it, an empty list says nothing. */
  isLoaded: boolean;
}

export interface LiveOptions {
  open: (filters: TailFilters) => EventSource;
  /** What happened just before, newest first. */
  earlier: (filters: TailFilters, signal: AbortSignal) => Promise<Row[]>;
  /** Finds out why the stream was refused; null when it would not be any more. */
  whyRefused: (filters: TailFilters) => Promise<string | null>;
}

const EMPTY: LiveSnapshot = {
  rows: [],
  held: 0,
  earlierKey: null,
  connection: "connecting",
  isCutOff: false,
  refusal: null,
  earlierProblem: null,
  status: null,
  skipped: 0,
  isLoaded: false,
};

/**
 * The newest events, kept bounded: at most ROWS_MAX shown and as many held back.
 *
 * Rows arrive in bursts and are shown a few times a second, so that the page stays at ease under
 * load. While held (paused, or scrolled away from the top) nothing moves under the reader's eyes.
 */
export class LiveTail {
  #snapshot = EMPTY;
  #pending: Row[] = [];
  #keys = new Set<string>();
  #isHeld = false;
  #listeners = new Set<() => void>();
  #source: EventSource | null = null;
  #timers = { flush: 0, silence: 0, retry: 0 };
  #failures = 0;
  #earlier = new AbortController();
  readonly #filters: TailFilters;
  readonly #options: LiveOptions;

  constructor(filters: TailFilters, options: LiveOptions) {
    this.#filters = filters;
    this.#options = options;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LiveSnapshot => this.#snapshot;

  start(): void {
    this.#connect();
    this.#fetchEarlier();
  }

  stop(): void {
    this.#close();
    this.#earlier.abort();
    clearTimeout(this.#timers.flush);
    clearTimeout(this.#timers.retry);
    this.#timers.flush = 0;
  }

  /** While held, rows wait; letting go shows them at once. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (!isHeld) this.#flush();
  }

  clear(): void {
    this.#pending = [];
    this.#keys.clear();
    this.#earlier.abort();
    this.#set({ rows: [], held: 0, earlierKey: null });
  }

  /** Connects at once, where the next try is some seconds away. */
  retry(): void {
    if (this.#source) return;
    clearTimeout(this.#timers.retry);
    this.#connect();
  }

  #set(changes: Partial<LiveSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...changes };
    for (const listener of this.#listeners) listener();
  }

  #connect(): void {
    const source = this.#options.open(this.#filters);
    this.#source = source;
    this.#awaitSound();
    source.addEventListener("open", () => {
      if (this.#failures > 0) this.#fetchEarlier();
      this.#failures = 0;
      this.#set({ connection: "open", isCutOff: false, refusal: null, skipped: 0 });
    });
    source.addEventListener("error", () => {
      const isRefused = source.readyState === EventSource.CLOSED;
      this.#reconnect();
      if (isRefused) void this.#askWhy();
    });
    this.#on<LiveEvents>("events", ({ events, skipped }) => {
      this.#add(events.map(eventRow), skipped);
    });
    this.#on<LiveSetAside>("set_aside", ({ events, skipped }) => {
      this.#add(events.map(setAsideRow), skipped);
    });
    this.#on<LiveStatus>("status", (status) => this.#set({ status }));
  }

  #on<T>(name: string, act: (data: T) => void): void {
    this.#source?.addEventListener(name, (message: MessageEvent<string>) => {
      this.#awaitSound();
      act(JSON.parse(message.data) as T);
    });
  }

  /** A stream that says nothing for this long is dead, whatever the browser thinks of it. */
  #awaitSound(): void {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = window.setTimeout(() => this.#reconnect(), SILENCE_MS);
  }

  #reconnect(): void {
    this.#close();
    this.#failures += 1;
    this.#set({ connection: "lost", isCutOff: this.#failures >= CUT_OFF_FAILURES });
    const delay = Math.min(RETRY_MS_MAX, 500 * 2 ** Math.min(this.#failures, 10));
    clearTimeout(this.#timers.retry);
    this.#timers.retry = window.setTimeout(() => this.#connect(), delay * (0.5 + Math.random()));
  }

  async #askWhy(): Promise<void> {
    const refusal = await this.#options.whyRefused(this.#filters);
    if (this.#snapshot.connection === "lost") this.#set({ refusal });
  }

  #close(): void {
    clearTimeout(this.#timers.silence);
    this.#source?.close();
    this.#source = null;
  }

  #add(rows: Row[], skipped: number): void {
    for (const row of rows) {
      if (this.#keys.has(row.key)) continue;
      this.#keys.add(row.key);
      this.#pending.push({ ...row, isFresh: true });
    }
    this.#pending = this.#pending.slice(-ROWS_MAX);
    if (skipped > 0) this.#set({ skipped: this.#snapshot.skipped + skipped });
    this.#timers.flush ||= window.setTimeout(() => {
      this.#timers.flush = 0;
      this.#flush();
    }, FLUSH_MS);
  }

  #flush(): void {
    if (this.#isHeld) {
      if (this.#pending.length !== this.#snapshot.held) this.#set({ held: this.#pending.length });
      return;
    }
    if (this.#pending.length === 0) return;
    const rows = [...this.#pending.reverse(), ...this.#snapshot.rows].slice(0, ROWS_MAX);
    this.#pending = [];
    this.#keys = new Set(rows.map((row) => row.key));
    this.#set({ rows, held: 0, isLoaded: true });
  }

  /** Fills in what came before, at the start and after an interruption. */
  #fetchEarlier(): void {
    this.#earlier.abort();
    const controller = new AbortController();
    this.#earlier = controller;
    this.#options
      .earlier(this.#filters, controller.signal)
      .then((rows) => {
        if (controller.signal.aborted) return;
        this.#set({ earlierProblem: null });
        const isFirst = !this.#snapshot.isLoaded && this.#snapshot.rows.length === 0;
        this.#merge(rows, { isFirst });
      })
      .catch((error: unknown) => {
        // The list fills from the stream all the same.
        if (!(error instanceof Error)) throw error;
        if (controller.signal.aborted) return;
        this.#set({ isLoaded: true, earlierProblem: error.message });
      });
  }

  #merge(earlier: Row[], { isFirst }: { isFirst: boolean }): void {
    const missed = earlier.filter((row) => !this.#keys.has(row.key));
    for (const row of missed) this.#keys.add(row.key);
    if (isFirst) {
      const rows = [...this.#snapshot.rows, ...missed].slice(0, ROWS_MAX);
      this.#set({ rows, isLoaded: true, earlierKey: missed[0]?.key ?? null });
      return;
    }
    this.#pending = [...missed.reverse(), ...this.#pending].slice(-ROWS_MAX);
    this.#set({ isLoaded: true });
    this.#flush();
  }
}
