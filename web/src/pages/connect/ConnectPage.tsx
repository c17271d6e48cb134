import { ConnectGuide } from "./ConnectGuide";

export function ConnectPage() {
  return <ConnectGuide title="Connect an app" />;
}
