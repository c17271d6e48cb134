import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { homeOf, type PageEntry } from "@/pages/pages";
import { roleLabel, useMe } from "@/state/me";
import { signOut } from "@/state/session";
import { navigate } from "@/state/url";
import { Empty } from "./states";

/** Instead of a page that its reader reached by its address and may not see. */
export function NotAllowed({ page }: { page: PageEntry }) {
  const me = useMe();
  const home = homeOf(me);
  return (
    <>
      <h1 className="visually-hidden">{page.title}</h1>
      <Empty
        icon="lock"
        title={`You may not see ${page.title}`}
        actions={
          <Button variant="default" onClick={() => navigate(home.path, { replace: true })}>
            Go to {home.title}
          </Button>
        }
      >
        It takes the permission <code className="mono">{page.permission}</code>, which you do not
        have ({roleLabel(me.role)}). An admin can give you another role.
      </Empty>
    </>
  );
}

/** For who signed in with a token that may not even tell whose it is. */
export function NotForPeople() {
  const queryClient = useQueryClient();
  return (
    <main>
      <h1 className="visually-hidden">Tailrace</h1>
      <Empty
        icon="lock"
        title="This token is not for the web app"
        actions={
          <Button variant="default" onClick={() => void signOut(queryClient)}>
            Sign out
          </Button>
        }
      >
        It lacks the permission <code className="mono">account</code>. Sign in another way, or make
        a token that has it.
      </Empty>
    </main>
  );
}
