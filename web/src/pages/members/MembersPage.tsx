import { Button, NativeSelect } from "@mantine/core";
import { useCallback, useState } from "react";
import type { Role } from "@/api/types";
import { Icon } from "@/components/Icon";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { ROLES, useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { useParams } from "@/state/url";
import { Invite } from "./Invite";
import { Invites } from "./Invites";
import { MemberTable } from "./MemberTable";
import { RolesHelp } from "./RolesHelp";
import { useMemberPages } from "./useMembers";
import styles from "./MembersPage.module.css";

const ANY_ROLE = { value: "", label: "Every role" };

/** Who may sign in, as what, and who was invited to. */
export function MembersPage() {
  const me = useMe();
  const [params, change] = useParams();
  const wanted = { text: params.get("q") ?? "", role: roleIn(params) };
  const [isInviting, setInviting] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const found = useMemberPages(wanted);
  const members = found.data?.pages.flatMap((page) => page.items) ?? [];
  const mayInvite = me.may("members:write");
  const isFiltered = wanted.text !== "" || wanted.role !== "";
  const filter = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  const retry = () => void found.refetch();
  useShortcuts([
    {
      keys: ["n"],
      label: "Invite a member",
      group: "Members",
      run: () => mayInvite && setInviting(true),
    },
  ]);
  return (
    <ListPage
      title="Members"
      filters={
        <>
          <TextFilter
            label="Part of the name or the address"
            placeholder="Name or e-mail"
            group="Members"
            text={wanted.text}
            onChange={filter}
          />
          <NativeSelect
            aria-label="Role"
            data={[ANY_ROLE, ...ROLES.map(({ value, label }) => ({ value, label }))]}
            value={wanted.role}
            onChange={(event) => change({ role: event.currentTarget.value }, { replace: true })}
          />
          <Button variant="default" onClick={() => setHelpOpen(true)}>
            About roles
          </Button>
        </>
      }
      action={
        mayInvite && (
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setInviting(true)}>
            Invite member
          </Button>
        )
      }
      notice={found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
    >
      {!isFiltered && <Invites />}
      {found.isPending && <Skeletons label="Loading the members" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {found.data && members.length === 0 && (
        <None onClear={() => change({ q: null, role: null })} />
      )}
      {members.length > 0 && <MemberTable members={members} />}
      {members.length === 1 && !isFiltered && mayInvite && <Alone />}
      {found.hasNextPage && (
        <More
          label="Show more members"
          shown={members.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
      {mayInvite && <Invite isOpen={isInviting} onClose={() => setInviting(false)} />}
      <RolesHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </ListPage>
  );
}

const roleIn = (params: URLSearchParams): Role | "" =>
  ROLES.find(({ value }) => value === params.get("role"))?.value ?? "";

/** Why others are worth having. */
function Alone() {
  return (
    <p className={`${styles["alone"]} muted`}>
      There is one member so far. Invite everybody who works with it, so that the audit log says who
      changed what. With a second owner, somebody can let you in again should you lose your
      password.
    </p>
  );
}

function None({ onClear }: { onClear: () => void }) {
  return (
    <Empty
      icon="search"
      title="No member matches"
      actions={
        <Button variant="default" onClick={onClear}>
          Show all members
        </Button>
      }
    >
      No member of this role has that in their name or address.
    </Empty>
  );
}
