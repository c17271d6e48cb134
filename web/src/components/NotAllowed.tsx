import { Button } from "@mantine/core";
import { homeOf, type PageEntry } from "@/pages/pages";
import { roleLabel, useMe } from "@/state/me";
import { navigate } from "@/state/url";
import { Empty } from "./states";

/** Instead of a page that its reader reached by its address and may not see. */
export function NotAllowed({ page }: { page: PageEntry }) {
  const me = useMe();
  const home = homeOf(me);
  return (
    <Empty
      icon="lock"
      title={`You may not see ${page.title}`}
      actions={
        <Button variant="default" onClick={() => navigate(home.path, { replace: true })}>
          Go to {home.title}
        </Button>
      }
    >
      It takes the permission <code className="mono">{page.permission}</code>, which you do not have
      ({roleLabel(me.role)}). An admin can give you another role.
    </Empty>
  );
}
