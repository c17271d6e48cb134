import { NativeSelect, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api } from "@/api/calls";
import type { Source } from "@/api/types";
import { CopyButton } from "@/components/CopyButton";
import { Link } from "@/components/Link";
import { Failure, Waiting } from "@/components/states";
import { useMe } from "@/state/me";
import { snippetsFor, type Snippet } from "./snippets";
import styles from "./ConnectGuide.module.css";

interface Props {
  title: string;
  /** Shown between the introduction and the code. */
  children?: ReactNode;
}

/** How to send events from an app: the address, the write key, and code to copy. */
export function ConnectGuide({ title, children }: Props) {
  const sources = useQuery({ queryKey: ["sources"], queryFn: ({ signal }) => api.sources(signal) });
  if (sources.isPending) return <Waiting label="Loading the sources" />;
  if (sources.isError) {
    return <Failure error={sources.error} onRetry={() => void sources.refetch()} isWholePage />;
  }
  return (
    <div className={styles["scroller"]}>
      <div className={styles["page"]}>
        <div className={styles["intro"]}>
          <h1>{title}</h1>
          <p>
            Apps that use a Segment SDK keep their code: point it at this server with the address
            and the write key below. Or start with one of these.
          </p>
        </div>
        {children}
        <Guide sources={sources.data} />
      </div>
    </div>
  );
}

function Guide({ sources }: { sources: Source[] }) {
  const me = useMe();
  const usable = sources.filter((source) => source.enabled && source.write_keys.length > 0);
  const [slug, setSlug] = useState(usable[0]?.slug ?? "");
  const source = usable.find((candidate) => candidate.slug === slug);
  if (!source) {
    return (
      <p>
        No source that takes events is there
        {me.may("sources:write") ? (
          <>
            : <Link path="/sources">enable or add one</Link>
          </>
        ) : (
          ". An admin or editor can add one"
        )}
        .
      </p>
    );
  }
  return (
    <SourceGuide key={source.slug} source={source}>
      {usable.length > 1 && (
        <NativeSelect
          label="Source"
          className={styles["source"] ?? ""}
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
          data={usable.map(({ slug: value, name }) => ({ value, label: name || value }))}
        />
      )}
    </SourceGuide>
  );
}

interface SourceGuideProps {
  source: Source;
  /** Shown before the address. */
  children?: ReactNode;
}

/** The address and the newest write key of a source, and code for each SDK with them filled in. */
export function SourceGuide({ source, children }: SourceGuideProps) {
  const writeKey = source.write_keys[0];
  if (!writeKey) return <p>The source has no write key that may be used now: add one.</p>;
  return (
    <>
      <div className={styles["facts"]}>
        {children}
        <CopyFact label="Address" value={source.collect_url} />
        <CopyFact label="Write key" value={writeKey} />
      </div>
      <Snippets snippets={snippetsFor({ writeKey, url: source.collect_url, kind: source.kind })} />
    </>
  );
}

function CopyFact({ label, value }: { label: string; value: string }) {
  return (
    <div className={styles["fact"]}>
      <span>{label}</span>
      <div className={styles["value"]}>
        <code>{value}</code>
        <CopyButton text={value} label={`Copy the ${label.toLowerCase()}`} />
      </div>
    </div>
  );
}

function Snippets({ snippets }: { snippets: Snippet[] }) {
  return (
    <Tabs
      defaultValue={snippets[0]?.id ?? null}
      keepMounted={false}
      className={styles["card"] ?? ""}
    >
      <Tabs.List className={styles["tabs"] ?? ""} aria-label="Ways to send events">
        {snippets.map(({ id, label }) => (
          <Tabs.Tab key={id} value={id}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {snippets.map(({ id, label, install, code, note }) => (
        <Tabs.Panel key={id} value={id} className={styles["panel"] ?? ""}>
          {install && (
            <div className={styles["install"]}>
              <code>{install}</code>
              <CopyButton text={install} label="Copy the command" />
            </div>
          )}
          <div className={styles["bar"]}>
            <span className={styles["note"]}>{note}</span>
            <CopyButton text={code} label={`Copy the ${label} code`} withText />
          </div>
          <pre className={styles["code"]} tabIndex={0} aria-label={`${label} code`}>
            {code}
          </pre>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
