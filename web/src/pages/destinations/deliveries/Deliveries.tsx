import type { Delivery } from "@/api/types";
import { Recent } from "./Recent";
import { WaitingList } from "./Waiting";

interface Props {
  slug: string;
  delivery: Delivery | undefined;
}

/** What happens just now: what waits to be tried again, and the last deliveries. */
export function Deliveries({ slug, delivery }: Props) {
  return (
    <>
      <WaitingList slug={slug} delivery={delivery} />
      <Recent slug={slug} />
    </>
  );
}
