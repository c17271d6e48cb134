import { Button, Skeleton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import { ApiError } from "@/api/client";
import type { OpenSession } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { Problem } from "@/components/notices";
import { Failure } from "@/components/states";
import { capitalised, formatAgo, formatMinute, timeTooltip } from "@/format";
import { useNow } from "@/state/now";
import { leave } from "@/state/session";
import { browserWords } from "./browserWords";
import { SESSIONS, useSessions } from "./useSessions";
import styles from "./Sessions.module.css";

/** Younger than this, a session was used "now": the server notes it now and then. */
const NOW_MS = 120_000;

/** The browsers in which one is signed in, this one first, and how to end them. */
export function Sessions() {
  const sessions = useSessions();
  if (sessions.isPending) return <Skeleton height={56} />;
  if (!sessions.data) {
    return <Failure error={sessions.error} onRetry={() => void sessions.refetch()} />;
  }
  const shown = sessions.data.toSorted((a, b) => Number(b.is_this) - Number(a.is_this));
  return (
    <>
      {shown.length > 0 ? (
        <ul className={styles["list"]}>
          {shown.map((session) => (
            <Session key={session.id} session={session} />
          ))}
        </ul>
      ) : (
        <p className="muted">In no browser: this page was asked for with a token of its own.</p>
      )}
      <Everywhere />
    </>
  );
}

function Session({ session }: { session: OpenSession }) {
  const now = useNow(30_000);
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: async () => {
      try {
        await api.endSession(session.id);
      } catch (error) {
        // It ended by itself meanwhile.
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
      }
    },
    onSuccess: () => client.invalidateQueries({ queryKey: SESSIONS }),
  });
  const { seen_at: seenAt, created_at: since, ends_at: endsAt } = session;
  const isNow = session.is_this || now.getTime() - new Date(seenAt).getTime() < NOW_MS;
  return (
    <li className={styles["session"]}>
      <div className={styles["name"]}>
        <strong title={session.user_agent}>{browserWords(session.user_agent)}</strong>
        {session.is_this && <Chip tone="good">This browser</Chip>}
      </div>
      <div className={styles["about"]}>
        <span title={timeTooltip(seenAt)}>
          {isNow ? "Used now" : capitalised(`used ${formatAgo(seenAt, now)}`)}
        </span>
        {session.address !== "" && <span>from {session.address}</span>}
        <span title={timeTooltip(since)}>signed in {formatMinute(since)}</span>
        <span title={timeTooltip(endsAt)}>ends {formatAgo(endsAt, now)}</span>
      </div>
      {end.error && <Problem text={end.error.message} />}
      {!session.is_this && (
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          loading={end.isPending}
          aria-label={`Sign out ${browserWords(session.user_agent)}, signed in ${formatMinute(since)}`}
          onClick={() => end.mutate()}
        >
          Sign out
        </Button>
      )}
    </li>
  );
}

function Everywhere() {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const run = async () => {
    await api.endAllSessions();
    leave(client);
  };
  return (
    <div>
      <Button variant="default" onClick={() => setAsking(true)}>
        Sign out everywhere…
      </Button>
      <Confirm
        title="Sign out everywhere?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action="Sign out everywhere"
        isDanger
        run={run}
      >
        <p>
          All your sessions end within two seconds, this one included, and you are led to the
          sign-in. API tokens go on working.
        </p>
      </Confirm>
    </div>
  );
}
