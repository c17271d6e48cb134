import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useMemo, useState } from "react";
import { ApiError } from "@/api/client";
import { Icon } from "@/components/Icon";
import { EventPanel } from "@/components/panel/EventPanel";
import { RangePicker } from "@/components/RangePicker";
import { Empty, Failure } from "@/components/states";
import { WithPanel } from "@/components/WithPanel";
import { eventRow } from "@/events/rows";
import { capitalised } from "@/format";
import { boundsOf, rangeOf, rangeParams, shorterPresets, type Range } from "@/state/range";
import { useOpenRow } from "@/state/useOpenRow";
import { useParams } from "@/state/url";
import { Examples } from "./Examples";
import { Histogram } from "./Histogram";
import { QueryBox } from "./QueryBox";
import { Results } from "./Results";
import { TopValues } from "./TopValues";
import { useSearch } from "./useSearch";
import styles from "./SearchPage.module.css";

/** The status of a question that needs more rows, time or memory than one may take. */
const OVER_LIMIT = 422;

/** Ask the stored events: a query, a time range, bars, the commonest values, and the events. */
export function SearchPage() {
  const [params, change] = useParams();
  const [asked, setAsked] = useState(0);
  const query = params.get("q") ?? "";
  const range = useMemo(() => rangeOf(params), [params]);
  const question = useMemo(() => ({ query, ...boundsOf(range) }), [query, range]);
  const search = useSearch(question, asked);
  const rows = useMemo(
    () => (search.data?.pages ?? []).flatMap((page) => page.events.map(eventRow)),
    [search.data],
  );
  const { openKey, row, open, close, move } = useOpenRow(rows);
  const askAgain = () => setAsked(asked + 1);
  const setQuery = (q: string) => {
    if (q === query) askAgain();
    else change({ q, event: null });
  };
  const setRange = (chosen: Range) => change({ ...rangeParams(chosen), event: null });
  const problem = search.error instanceof ApiError ? search.error.problem : null;
  const isQuestionWrong = problem?.status === 400;
  return (
    <WithPanel
      panel={openKey && <EventPanel openKey={openKey} row={row} onClose={close} onMove={move} />}
    >
      <h1 className="visually-hidden">Search events</h1>
      <div className={styles["bar"]}>
        <QueryBox
          query={query}
          problem={isQuestionWrong ? problem : null}
          notes={isQuestionWrong ? [] : (search.data?.pages[0]?.notes ?? [])}
          onAsk={setQuery}
        />
        <RangePicker range={range} onChange={setRange} />
        <Tooltip label="Ask again">
          <ActionIcon
            variant="default"
            size={36}
            aria-label="Ask again"
            loading={search.isFetching && !search.isFetchingNextPage}
            onClick={askAgain}
          >
            <Icon name="refresh" />
          </ActionIcon>
        </Tooltip>
      </div>
      {search.isError && !isQuestionWrong ? (
        <Refused error={search.error} range={range} onRange={setRange} onRetry={askAgain} />
      ) : (
        <div className={styles["scroller"]}>
          <div className={styles["columns"]}>
            <TopValues
              question={question}
              asked={asked}
              isOff={isQuestionWrong}
              onQuery={setQuery}
            />
            <div className={styles["main"]}>
              {isQuestionWrong && rows.length === 0 && <Examples onQuery={setQuery} />}
              <Histogram
                question={question}
                asked={asked}
                isOff={isQuestionWrong}
                total={search.data?.pages[0]?.total ?? null}
                onNarrow={(from, until) =>
                  setRange({
                    kind: "absolute",
                    from: from.toISOString(),
                    until: until.toISOString(),
                  })
                }
              />
              <Results
                search={search}
                rows={rows}
                isOff={isQuestionWrong}
                openKey={openKey}
                onOpen={open}
                empty={
                  <NoMatch query={query} range={range} onQuery={setQuery} onRange={setRange} />
                }
              />
            </div>
          </div>
        </div>
      )}
    </WithPanel>
  );
}

interface NoMatchProps {
  query: string;
  range: Range;
  onQuery: (query: string) => void;
  onRange: (range: Range) => void;
}

function NoMatch({ query, range, onQuery, onRange }: NoMatchProps) {
  const isWidest = range.kind === "relative" && range.since === "90d";
  return (
    <Empty
      icon="search"
      title={query ? "No event matches" : "No events in this time range"}
      actions={
        <>
          {!isWidest && (
            <Button variant="default" onClick={() => onRange({ kind: "relative", since: "90d" })}>
              Look at the last 90 days
            </Button>
          )}
          {query && (
            <Button variant="default" onClick={() => onQuery("")}>
              Remove the query
            </Button>
          )}
        </>
      }
    >
      {query
        ? "Nothing in this time range answers the query."
        : "Nothing happened then, or nothing has been sent yet: Connect shows how to."}
    </Empty>
  );
}

interface RefusedProps {
  error: Error;
  range: Range;
  onRange: (range: Range) => void;
  onRetry: () => void;
}

/** No answer. A question over its limit would be refused again: shorter ranges are offered. */
function Refused({ error, range, onRange, onRetry }: RefusedProps) {
  if (!(error instanceof ApiError) || error.status !== OVER_LIMIT) {
    return <Failure error={error} onRetry={onRetry} />;
  }
  return (
    <div role="alert">
      <Empty
        icon="warning"
        title={error.problem.title}
        actions={shorterPresets(range).map(({ since, label }) => (
          <Button
            key={since}
            variant="default"
            onClick={() => onRange({ kind: "relative", since })}
          >
            Look at the {label.toLowerCase()}
          </Button>
        ))}
      >
        {capitalised(error.message)}.
      </Empty>
    </div>
  );
}
