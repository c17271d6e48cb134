/** Code that sends a first event, with a source's write key and address filled in. */

import type { SourceKind } from "@/api/types";

export interface Target {
  writeKey: string;
  /** Origin of the collection port, such as `http://127.0.0.1:8282`. */
  url: string;
  /** Which code comes first; any source takes any call. */
  kind: SourceKind;
}

export interface Snippet {
  id: string;
  label: string;
  /** What to install first; "" for nothing. */
  install: string;
  code: string;
  /** What the reader should know, beside the code. */
  note: string;
}

const TLS_NOTE =
  "This SDK always uses HTTPS. Put a proxy with a certificate in front of the collection port and use its name as the host.";

/** What each kind of source begins with; the others follow. */
const FIRST: Record<SourceKind, readonly string[]> = {
  web: ["web", "npm"],
  mobile: ["swift", "kotlin"],
  server: ["node", "python", "go", "ruby", "php", "curl"],
  webhook: ["webhook"],
  json: ["json"],
};

/** Code for every SDK, that for the kind of the source first. */
export function snippetsFor(target: Target): Snippet[] {
  const all = allSnippets(target);
  const first = FIRST[target.kind].flatMap((id) => all.filter((snippet) => snippet.id === id));
  return [...first, ...all.filter((snippet) => !first.includes(snippet))];
}

function allSnippets({ writeKey, url }: Omit<Target, "kind">): Snippet[] {
  const { host, hostname, port, protocol } = new URL(url);
  const isSecure = protocol === "https:";
  const secureHost = isSecure ? host : "events.example.com";
  return [
    {
      id: "web",
      label: "Web page",
      install: "",
      code: webSnippet({ writeKey, url }),
      note: "Paste it into the <head> of every page. It counts page views at once and keeps calls until the SDK has loaded, from this server.",
    },
    {
      id: "npm",
      label: "npm",
      install: "npm install @segment/analytics-next",
      code: `import { AnalyticsBrowser } from "@segment/analytics-next";

export const analytics = AnalyticsBrowser.load(
  { writeKey: "${writeKey}", cdnURL: "${url}" },
  {
    integrations: {
      "Segment.io": { apiHost: "${host}/v1", protocol: "${isSecure ? "https" : "http"}" },
    },
  },
);

analytics.page();
analytics.track("Order Completed", { revenue: 49.9, currency: "EUR" });`,
      note: "For apps built with a bundler.",
    },
    {
      id: "node",
      label: "Node.js",
      install: "npm install @segment/analytics-node",
      code: `import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({
  writeKey: "${writeKey}",
  host: "${url}",
});

analytics.track({
  userId: "user-1",
  event: "Order Completed",
  properties: { revenue: 49.9, currency: "EUR" },
});

await analytics.closeAndFlush(); // before the process ends`,
      note: "",
    },
    {
      id: "python",
      label: "Python",
      install: "pip install segment-analytics-python",
      code: `import segment.analytics as analytics

analytics.write_key = "${writeKey}"
analytics.host = "${url}"

analytics.track("user-1", "Order Completed", {"revenue": 49.9, "currency": "EUR"})

analytics.flush()  # before the process ends`,
      note: "",
    },
    {
      id: "go",
      label: "Go",
      install: "go get github.com/segmentio/analytics-go/v3",
      code: `package main

import "github.com/segmentio/analytics-go/v3"

func main() {
	client, err := analytics.NewWithConfig("${writeKey}", analytics.Config{
		Endpoint: "${url}",
	})
	if err != nil {
		panic(err)
	}
	defer client.Close()

	client.Enqueue(analytics.Track{
		UserId:     "user-1",
		Event:      "Order Completed",
		Properties: analytics.NewProperties().Set("revenue", 49.9),
	})
}`,
      note: "",
    },
    {
      id: "ruby",
      label: "Ruby",
      install: "gem install analytics-ruby",
      code: `require "segment/analytics"

analytics = Segment::Analytics.new(
  write_key: "${writeKey}",
  host: "${isSecure ? hostname : "events.example.com"}",
  port: ${isSecure ? port || "443" : "443"}
)

analytics.track(
  user_id: "user-1",
  event: "Order Completed",
  properties: { revenue: 49.9, currency: "EUR" }
)

analytics.flush`,
      note: isSecure ? "" : TLS_NOTE,
    },
    {
      id: "php",
      label: "PHP",
      install: "composer require segmentio/analytics-php",
      code: `<?php
require __DIR__ . "/vendor/autoload.php";

use Segment\\Segment;

Segment::init("${writeKey}", ["host" => "${secureHost}"]);

Segment::track([
    "userId" => "user-1",
    "event" => "Order Completed",
    "properties" => ["revenue" => 49.9, "currency" => "EUR"],
]);

Segment::flush();`,
      note: isSecure ? "" : TLS_NOTE,
    },
    {
      id: "curl",
      label: "curl",
      install: "",
      code: `curl "${url}/v1/track" \\
  -u "${writeKey}:" \\
  -H "Content-Type: application/json" \\
  -d '{"userId": "user-1", "event": "Order Completed", "properties": {"revenue": 49.9, "currency": "EUR"}}'`,
      note: "The quickest way to see an event here.",
    },
    {
      id: "swift",
      label: "Swift",
      install: "",
      code: `// Package: https://github.com/segmentio/analytics-swift
import Segment

let analytics = Analytics(
    configuration: Configuration(writeKey: "${writeKey}")
        .apiHost("${secureHost}/v1")
        .cdnHost("${secureHost}/v1")
)

analytics.track(name: "Order Completed", properties: ["revenue": 49.9, "currency": "EUR"])`,
      note: isSecure ? "" : TLS_NOTE,
    },
    {
      id: "kotlin",
      label: "Kotlin",
      install: "",
      code: `// Package: com.segment.analytics.kotlin:android
import com.segment.analytics.kotlin.android.Analytics
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

val analytics = Analytics("${writeKey}", applicationContext) {
    apiHost = "${secureHost}/v1"
    cdnHost = "${secureHost}/v1"
}

analytics.track("Order Completed", buildJsonObject { put("revenue", 49.9) })`,
      note: isSecure ? "" : TLS_NOTE,
    },
    {
      id: "webhook",
      label: "Webhook",
      install: "",
      code: `curl "${url}/v1/webhook/${writeKey}" \\
  -H "Content-Type: application/json" \\
  -d '{"type": "track", "userId": "user-1", "event": "Order Completed", "properties": {"revenue": 49.9}}'`,
      note: "Give this address to the tool that posts events as Segment's webhooks do. With a webhook secret, each must carry its signature in X-Signature.",
    },
    {
      id: "json",
      label: "JSON",
      install: "",
      code: `curl "${url}/v1/json/${writeKey}" \\
  -H "Content-Type: application/json" \\
  -d '[{"event": "Door Opened", "userId": "user-1", "floor": 3}, {"event": "Door Closed", "floor": 3}]'`,
      note: "Objects of your own: a list, a single one, or one per line. Each becomes a track event.",
    },
  ];
}

/**
 * The loader for a web page. Until the SDK is there, `analytics` is an array that takes calls as
 * `[method, ...arguments]`, with the page's address as it was at the time of the call (`bpc`); the
 * SDK empties it when it takes over.
 */
function webSnippet({ writeKey, url }: Omit<Target, "kind">): string {
  return `<script>
  (function (key, server) {
    if (window.analytics) return;
    var queue = (window.analytics = []);
    queue._writeKey = key;
    queue._cdn = server;

    function where() {
      var link = document.querySelector("link[rel=canonical]");
      return {
        __t: "bpc",
        c: (link && link.getAttribute("href")) || undefined,
        p: location.pathname,
        u: location.href,
        s: location.search,
        t: document.title,
        r: document.referrer
      };
    }

    function keep(method, withPage) {
      queue[method] = function () {
        // A reference taken before the SDK came still reaches it.
        if (window.analytics !== queue) return window.analytics[method].apply(window.analytics, arguments);
        var call = [method].concat(Array.prototype.slice.call(arguments));
        if (withPage) call.push(where());
        queue.push(call);
        return queue;
      };
    }
    "page track identify group alias screen".split(" ").forEach(function (method) { keep(method, true); });
    "ready on once off reset user setAnonymousId addSourceMiddleware debug trackLink trackForm trackClick trackSubmit register"
      .split(" ").forEach(function (method) { keep(method, false); });

    var script = document.createElement("script");
    script.async = true;
    script.src = server + "/analytics.js/v1/" + key + "/analytics.min.js";
    document.head.appendChild(script);

    queue.page();
  })("${writeKey}", "${url}");
</script>`;
}
