/**
 * The address that `tailrace up` prints may carry the token: `http://127.0.0.1:8283/#token=trt_...`.
 *
 * A fragment is never sent to a server. It is taken out of the address at once, so that it stays
 * neither in the history nor on a shared screen; `take` gives it once.
 */
export function tokenFromAddress(): { take: () => string } {
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
