import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "@/api/calls";
import { onSignedOut } from "@/api/client";
import { Shell } from "@/components/Shell";
import { Failure, Waiting } from "@/components/states";
import { SignIn } from "@/pages/SignIn";
import { pageAt } from "@/pages/pages";
import { SESSION } from "@/state/session";
import { tokenFromAddress } from "@/state/signInLink";
import { useUrl } from "@/state/url";

// Taken at once, before anything can render, log or store the address.
const tokenGiven = tokenFromAddress();

/** The gate: who is not signed in sees the sign-in page at every address. */
export function App() {
  const queryClient = useQueryClient();
  const session = useQuery({
    queryKey: SESSION,
    queryFn: ({ signal }) => api.session(signal),
    staleTime: Infinity,
  });
  useEffect(
    () => onSignedOut(() => queryClient.setQueryData(SESSION, { signed_in: false })),
    [queryClient],
  );
  if (session.isPending) return <Waiting label="Loading Tailrace" />;
  if (session.isError) {
    return <Failure error={session.error} onRetry={() => void session.refetch()} isWholePage />;
  }
  if (!session.data.signed_in) return <SignIn takeToken={tokenGiven.take} />;
  return <SignedIn />;
}

function SignedIn() {
  const { path } = useUrl();
  const page = pageAt(path);
  useEffect(() => {
    document.title = `${page.title} · Tailrace`;
  }, [page.title]);
  return (
    <Shell current={page}>
      <page.Page />
    </Shell>
  );
}
