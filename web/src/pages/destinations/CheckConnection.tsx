import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { CheckAnswer, Destination } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Problem } from "@/components/notices";
import { Section } from "@/components/Section";
import { capitalised } from "@/format";
import { CheckResult } from "./CheckResult";
import { checkKey } from "./useDestinations";
import { nameOf } from "./words";
import forms from "@/components/forms.module.css";

/** Looks whether the tool can be reached as the destination is set up; nothing is sent. */
export function CheckConnection({ destination }: { destination: Destination }) {
  const { slug } = destination;
  const client = useQueryClient();
  // That of saving the settings is shown until another one is made.
  const last = useQuery<CheckAnswer | null>({
    queryKey: checkKey(slug),
    queryFn: () => null,
    enabled: false,
  });
  const check = useMutation({
    mutationFn: () => api.checkDestination(slug),
    onSuccess: (answer) => client.setQueryData(checkKey(slug), answer),
    onError: () => client.setQueryData(checkKey(slug), null),
  });
  return (
    <Section title="Check the connection">
      <p className="muted">
        Looks whether {nameOf(destination)} can be reached and lets us in, with the settings as they
        are saved. No event is sent, and nothing is written to it.
      </p>
      {check.error && <Problem text={capitalised(check.error.message)} />}
      {last.data && <CheckResult answer={last.data} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button
          variant="default"
          loading={check.isPending}
          leftSection={<Icon name="shield" size={16} />}
          onClick={() => check.mutate()}
        >
          {last.data ? "Check again" : "Check connection"}
        </Button>
      </div>
    </Section>
  );
}
