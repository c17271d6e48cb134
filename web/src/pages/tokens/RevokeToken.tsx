import { api } from "@/api/calls";
import type { ApiToken } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { formatPast } from "@/format";
import { useTokensChanged } from "./useTokens";

interface Props {
  token: ApiToken | null;
  onClose: () => void;
}

/** Ends a token, with what its script will notice. */
export function RevokeToken({ token, onClose }: Props) {
  const refresh = useTokensChanged();
  const run = async () => {
    if (token === null) return;
    await api.revokeToken(token.id);
    refresh();
  };
  return (
    <Confirm
      title={token ? `Revoke ${token.name}?` : "Revoke"}
      isOpen={token !== null}
      onClose={onClose}
      action="Revoke the token"
      isDanger
      run={run}
    >
      <p>
        Within two seconds, whoever uses <code>{token?.hint}…</code> gets <code>401</code>. It
        cannot be made to work again.
      </p>
      <p className="muted">
        {token?.last_used_at
          ? `It was used ${formatPast(token.last_used_at)}.`
          : "It was never used."}
      </p>
    </Confirm>
  );
}
