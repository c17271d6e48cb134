import { Link } from "@/components/Link";
import { Section, SectionsPage } from "@/components/Section";
import { PAGES, maySee } from "@/pages/pages";
import { myName, roleLabel, useMe } from "@/state/me";
import { Password } from "./Password";
import { Profile } from "./Profile";
import { Rights } from "./Rights";
import { Sessions } from "./Sessions";
import styles from "./AccountPage.module.css";

/** What is one's own: name, password, where one is signed in, what one may do. */
export function AccountPage() {
  const me = useMe();
  return (
    <SectionsPage>
      <div className={styles["head"]}>
        <h1>Account</h1>
        <p className="muted">
          {me.member && (
            <>
              <bdi>{myName(me)}</bdi> ·{" "}
            </>
          )}
          {roleLabel(me.role)} in <bdi>{me.workspace.name}</bdi>
        </p>
      </div>
      {me.member ? (
        <>
          <Section title="You">
            <Profile key={me.member.id} member={me.member} />
          </Section>
          <Section title="Password">
            <Password member={me.member} />
          </Section>
        </>
      ) : (
        <Section title="You">
          <NoMember />
        </Section>
      )}
      <Section title="Where you are signed in">
        <Sessions />
      </Section>
      <Section title="What you may do">
        <Rights />
      </Section>
    </SectionsPage>
  );
}

/** For who signed in with the first owner's token, which belongs to the installation. */
function NoMember() {
  const me = useMe();
  const members = PAGES.find((page) => page.path === "/members");
  return (
    <p className="muted">
      You signed in with a token that belongs to nobody, so there is no name and no password here,
      and the audit log calls you “{me.actor}”.{" "}
      {me.may("members:write") && members && maySee(me, members) && (
        <>
          To sign in as yourself, <Link path="/members">invite yourself as a member</Link>.
        </>
      )}
    </p>
  );
}
