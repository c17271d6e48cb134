import { request } from "./client";
import type {
  EventAnswer,
  FieldsAnswer,
  HistogramAnswer,
  SearchAnswer,
  Session,
  SetAsideAnswer,
  Source,
  Status,
  TraceAnswer,
  ValuesAnswer,
} from "./types";

export interface Question {
  query: string;
  since: string;
  until: string | null;
}

type Signal = AbortSignal | undefined;

const withSignal = (signal: Signal) => (signal ? { signal } : {});

const get = <T>(path: string, signal?: Signal): Promise<T> =>
  request<T>("GET", path, withSignal(signal));

const post = <T>(path: string, body: unknown, signal?: Signal): Promise<T> =>
  request<T>("POST", path, { body, ...withSignal(signal) });

const bounds = ({ query, since, until }: Question) =>
  until === null ? { query, since } : { query, since, until };

export const api = {
  session: (signal?: Signal) => get<Session>("/session", signal),
  signIn: (token: string) => post<void>("/session", { token }),
  signOut: () => request<void>("DELETE", "/session"),
  status: (signal?: Signal) => get<Status>("/status", signal),
  sources: (signal?: Signal) => get<Source[]>("/sources", signal),
  search: (
    question: Question,
    { limit, cursor }: { limit: number; cursor?: string | null },
    signal?: Signal,
  ) =>
    post<SearchAnswer>(
      "/search",
      { ...bounds(question), limit, ...(cursor ? { cursor } : {}) },
      signal,
    ),
  setAside: (source: string, limit: number, signal?: Signal) =>
    get<SetAsideAnswer>(
      `/set-aside?${new URLSearchParams({ since: "24h", limit: String(limit), ...(source ? { source } : {}) })}`,
      signal,
    ),
  histogram: (question: Question, signal?: Signal) =>
    post<HistogramAnswer>("/histogram", bounds(question), signal),
  values: (question: Question, field: string, limit: number, signal?: Signal) =>
    post<ValuesAnswer>("/values", { ...bounds(question), field, limit }, signal),
  fields: (signal?: Signal) => get<FieldsAnswer>("/fields", signal),
  event: (messageId: string, source: string, signal?: Signal) =>
    get<EventAnswer>(`/event?${new URLSearchParams({ message_id: messageId, source })}`, signal),
  trace: (messageId: string, source: string, signal?: Signal) =>
    get<TraceAnswer>(`/trace?${new URLSearchParams({ message_id: messageId, source })}`, signal),
};
