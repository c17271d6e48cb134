import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "@/api/calls";
import { ApiError, onNotAllowed, onSignedOut } from "@/api/client";
import { NotAllowed, NotForPeople } from "@/components/NotAllowed";
import { Shell } from "@/components/Shell";
import { Failure, Waiting } from "@/components/states";
import { ACCEPT_PATH, AcceptPage } from "@/pages/accept/AcceptPage";
import { SignIn } from "@/pages/SignIn";
import { maySee, pageAt } from "@/pages/pages";
import { ME, ME_EVERY_MS, MeContext, useMe } from "@/state/me";
import { SESSION, markSignedOut } from "@/state/session";
import { tokenFromAddress } from "@/state/signInLink";
import { useUrl } from "@/state/url";

// Taken at once, before anything can render, log or store the address.
const tokenGiven = tokenFromAddress();

/** The gate: who is not signed in sees the sign-in page at every address but an invite's. */
export function App() {
  const { path } = useUrl();
  const queryClient = useQueryClient();
  useEffect(() => onSignedOut(() => markSignedOut(queryClient)), [queryClient]);
  useEffect(
    () => onNotAllowed(() => void queryClient.invalidateQueries({ queryKey: ME })),
    [queryClient],
  );
  return path === ACCEPT_PATH ? <AcceptPage invite={tokenGiven} /> : <Gate />;
}

function Gate() {
  const session = useQuery({
    queryKey: SESSION,
    queryFn: ({ signal }) => api.session(signal),
    staleTime: Infinity,
  });
  if (session.isPending) return <Waiting label="Loading Tailrace" />;
  if (session.isError) {
    return <Failure error={session.error} onRetry={() => void session.refetch()} isWholePage />;
  }
  if (!session.data.signed_in) return <SignIn session={session.data} tokenGiven={tokenGiven} />;
  return <SignedIn />;
}

/** Knows who they are before it shows anything, and notices when they may do more or less. */
function SignedIn() {
  const me = useQuery({
    queryKey: ME,
    queryFn: ({ signal }) => api.me(signal),
    staleTime: ME_EVERY_MS / 2,
    refetchInterval: ME_EVERY_MS,
    refetchOnWindowFocus: true,
  });
  useFreshAfter(
    me.data && JSON.stringify([me.data.member?.id, me.data.permissions, me.data.sources]),
  );
  if (me.data) {
    return (
      <MeContext value={me.data}>
        <CurrentPage />
      </MeContext>
    );
  }
  if (me.isPending) return <Waiting label="Loading Tailrace" />;
  if (me.error instanceof ApiError && me.error.status === 403) return <NotForPeople />;
  return <Failure error={me.error} onRetry={() => void me.refetch()} isWholePage />;
}

/** Asks for everything again when one's rights change: what was seen may not be seen any more. */
function useFreshAfter(rights: string | undefined): void {
  const queryClient = useQueryClient();
  const known = useRef(rights);
  useEffect(() => {
    const hasChanged = known.current !== undefined && known.current !== rights;
    known.current = rights;
    if (!hasChanged) return;
    void queryClient.resetQueries({
      predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] && queryKey[0] !== ME[0],
    });
  }, [queryClient, rights]);
}

function CurrentPage() {
  const { path } = useUrl();
  const me = useMe();
  const page = pageAt(path, me);
  useEffect(() => {
    document.title = `${page.title} · Tailrace`;
  }, [page.title]);
  return (
    <Shell current={page}>{maySee(me, page) ? <page.Page /> : <NotAllowed page={page} />}</Shell>
  );
}
