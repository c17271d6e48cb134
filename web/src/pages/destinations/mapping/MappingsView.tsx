import { Skeleton } from "@mantine/core";
import type { Destination, Versioned } from "@/api/types";
import { isNotFound } from "@/components/problems";
import { Section } from "@/components/Section";
import { Failure } from "@/components/states";
import { useMe } from "@/state/me";
import { Routing } from "../Routing";
import { MappingsForm } from "./MappingsForm";
import { useTypeDetails } from "./useMapping";

interface Props {
  current: Versioned<Destination>;
  onLoad: () => void;
}

/** Which events a destination gets, and what is made of each. */
export function MappingsView({ current, onLoad }: Props) {
  const me = useMe();
  const mayChange = me.may("destinations:write");
  const type = useTypeDetails(current.value.type);
  // A type whose package is gone has no fields to map.
  if (!mayChange || isNotFound(type.error)) {
    return (
      <Section title="Subscriptions and filters">
        <Routing destination={current.value} />
      </Section>
    );
  }
  if (type.isPending) return <Skeleton height={320} />;
  if (!type.data) return <Failure error={type.error} onRetry={() => void type.refetch()} />;
  return <MappingsForm current={current} type={type.data} onLoad={onLoad} />;
}
