/**
 * The address that `tailrace up` prints may carry the token, `http://127.0.0.1:8283/#token=trt_...`,
 * and so does the one of an invite, `/accept#token=tri_...`.
 *
 * A fragment is never sent to a server. It is taken out of the address at once, so that it stays
 * neither in the history nor on a shared screen; `take` gives it once.
 */
export interface TokenGiven {
  take: () => string;
}

export function tokenFromAddress(): TokenGiven {
  const fragment = new URLSearchParams(location.hash.slice(1));
  let token = fragment.get("token") ?? "";
  if (token !== "") {
    fragment.delete("token");
    const rest = fragment.toString();
    history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  }
  return {
    take: () => {
      const taken = token;
      token = "";
      return taken;
    },
  };
}

// A link pasted over the address of an open page changes the fragment alone, and loads nothing.
addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("token")) location.reload();
});
