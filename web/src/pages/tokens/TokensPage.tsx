import { Button } from "@mantine/core";
import { useState } from "react";
import type { ApiToken } from "@/api/types";
import { Icon } from "@/components/Icon";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { MakeToken } from "./MakeToken";
import { RevokeToken } from "./RevokeToken";
import { TokenTable } from "./TokenTable";
import { useTokenPages } from "./useTokens";
import styles from "./TokensPage.module.css";

/** What scripts sign in with: one's own tokens, and for admins those of the others. */
export function TokensPage() {
  const me = useMe();
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<ApiToken | null>(null);
  const found = useTokenPages();
  const tokens = found.data?.pages.flatMap((page) => page.items) ?? [];
  const isMine = ({ member_id: id }: ApiToken) => id === (me.member?.id ?? null);
  const mine = tokens.filter(isMine);
  const others = tokens.filter((token) => !isMine(token));
  const retry = () => void found.refetch();
  useShortcuts([
    { keys: ["n"], label: "Make a token", group: "Tokens", run: () => setMaking(true) },
  ]);
  const make = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setMaking(true)}>
      Make token
    </Button>
  );
  return (
    <ListPage
      title="Tokens"
      action={make}
      notice={found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
    >
      <p className={`${styles["about"]} muted`}>
        Scripts sign in with a token in place of a password. It may do what you choose, and never
        more than {me.may("tokens:read") ? "whoever made it" : "you"} may at the time.
      </p>
      {found.isPending && <Skeletons label="Loading the tokens" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {found.data && (
        <section aria-labelledby="your-tokens">
          <h2 id="your-tokens" className={styles["title"]}>
            Your tokens
          </h2>
          {mine.length > 0 ? (
            <TokenTable label="Your tokens" tokens={mine} onRevoke={setRevoked} />
          ) : (
            <Empty icon="key" title="You have no token" actions={make}>
              Make one for each script, so that each can be revoked by itself.
            </Empty>
          )}
        </section>
      )}
      {others.length > 0 && (
        <section aria-labelledby="other-tokens">
          <h2 id="other-tokens" className={styles["title"]}>
            Tokens of others
          </h2>
          <TokenTable
            label="Tokens of others"
            tokens={others}
            onRevoke={me.may("tokens:write") ? setRevoked : null}
            withMaker
          />
        </section>
      )}
      {found.hasNextPage && (
        <More
          label="Show more tokens"
          shown={tokens.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
      <MakeToken isOpen={isMaking} onClose={() => setMaking(false)} />
      <RevokeToken token={revoked} onClose={() => setRevoked(null)} />
    </ListPage>
  );
}
