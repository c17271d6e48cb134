import { Button } from "@mantine/core";
import { useCallback, useState } from "react";
import type { Source } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { formatCount, formatRate, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { useShortcuts } from "@/state/shortcuts";
import { useParams } from "@/state/url";
import { AddSource } from "./AddSource";
import { EnabledChip, FileChip } from "@/components/Chip";
import { Stale } from "@/components/notices";
import { useSourcePages } from "./useSources";
import { kindLabel, lastEventWords, mayAddSources, nameOf } from "./words";
import styles from "./SourceList.module.css";

const COLUMNS = ["Name", "Kind", "State", "Events/min", "Last event", "Invalid, 24 h"];

/** All sources with what they sent lately. */
export function SourceList() {
  const [params, change] = useParams();
  const text = params.get("q") ?? "";
  const [isAdding, setAdding] = useState(false);
  const found = useSourcePages(text);
  const sources = found.data?.pages.flatMap((page) => page.items) ?? [];
  const filter = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  const me = useMe();
  const add = mayAddSources(me) && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
      Add source
    </Button>
  );
  return (
    <ListPage
      title="Sources"
      filters={
        <TextFilter
          label="Part of the name or the slug"
          placeholder="Name or slug"
          group="Sources"
          text={text}
          onChange={filter}
        />
      }
      action={add}
      notice={
        found.isError &&
        found.data && <Stale error={found.error} onRetry={() => void found.refetch()} />
      }
    >
      {found.isPending && <Skeletons label="Loading the sources" />}
      {found.isError && !found.data && (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      )}
      {found.data && sources.length === 0 && (
        <None text={text} onClear={() => change({ q: null })} add={add} />
      )}
      {sources.length > 0 && <Table sources={sources} />}
      {found.hasNextPage && (
        <More
          label="Show more sources"
          shown={sources.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
      {mayAddSources(me) && <AddShortcut onAdd={() => setAdding(true)} />}
      <AddSource isOpen={isAdding} onClose={() => setAdding(false)} />
    </ListPage>
  );
}

function AddShortcut({ onAdd }: { onAdd: () => void }) {
  useShortcuts([{ keys: ["n"], label: "Add a source", group: "Sources", run: onAdd }]);
  return null;
}

function Table({ sources }: { sources: readonly Source[] }) {
  const now = useNow(5_000);
  return (
    <div role="table" aria-label="Sources" className={styles["table"]}>
      <div role="row" className={styles["head"]}>
        {COLUMNS.map((name) => (
          <div key={name} role="columnheader">
            {name}
          </div>
        ))}
      </div>
      {sources.map((source) => (
        <Row key={source.slug} source={source} now={now} />
      ))}
    </div>
  );
}

function Row({ source, now }: { source: Source; now: Date }) {
  const { slug, kind, events_per_min: rate, invalid_24h: invalid, last_event_at: at } = source;
  return (
    <div role="row" className={styles["row"]}>
      <div role="cell" data-cell="name" className={styles["name"]}>
        <Link className={styles["link"]} path={`/sources/${slug}`}>
          <bdi>{nameOf(source)}</bdi>
        </Link>
        <div className={styles["below"]}>
          {source.name !== "" && <span className={styles["slug"]}>{slug}</span>}
          {source.managed_by === "file" && <FileChip />}
        </div>
      </div>
      <div role="cell" data-cell="kind" className="muted">
        {kindLabel(kind)}
      </div>
      <div role="cell" data-cell="state">
        <EnabledChip isEnabled={source.enabled} />
      </div>
      <div role="cell" data-cell="rate" className={rate === 0 ? "muted" : ""}>
        {formatRate(rate)}
        <span className={styles["unit"]}> events/min</span>
      </div>
      <div role="cell" data-cell="last" className="muted" title={at ? timeTooltip(at) : undefined}>
        {lastEventWords(source, now)}
      </div>
      <div role="cell" data-cell="invalid" className={invalid > 0 ? styles["bad"] : "muted"}>
        {formatCount(invalid)}
        <span className={styles["unit"]}> invalid</span>
      </div>
    </div>
  );
}

interface NoneProps {
  text: string;
  onClear: () => void;
  add: React.ReactNode;
}

function None({ text, onClear, add }: NoneProps) {
  const me = useMe();
  if (text === "" && !mayAddSources(me)) {
    return (
      <Empty icon="sources" title="No sources">
        {me.sources === null
          ? "A source is an app, a server or a tool that sends events. None was added yet."
          : "You may manage sources that an admin gives you, and have none yet."}
      </Empty>
    );
  }
  if (text === "") {
    return (
      <Empty icon="sources" title="No sources" actions={add}>
        A source is an app, a server or a tool that sends events. Add one to get its write key and
        code to copy.
      </Empty>
    );
  }
  return (
    <Empty
      icon="search"
      title="No source matches"
      actions={
        <Button variant="default" onClick={onClear}>
          Show all sources
        </Button>
      }
    >
      No name and no slug has “{text}” in it.
    </Empty>
  );
}
